"""What others call: Gymnasium's two faces of the crank, and what they show."""
