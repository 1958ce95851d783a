"""What is sensed: cameras over the batch, how one episode is seen, noise."""
