"""What a domain axis changes for one episode, drawn with it and applied in one place."""
