"""What lies in a scene: things, their looks, and where there is room for them."""
