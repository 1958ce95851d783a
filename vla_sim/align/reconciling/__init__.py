"""From the losses of a step to the gradients of its parameters, by name."""
