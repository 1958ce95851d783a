"""Who acts: control policies, and the experts that teach."""
