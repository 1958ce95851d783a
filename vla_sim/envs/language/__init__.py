"""Language: from a goal of the scene and a manner to words, in English and in Chinese."""
