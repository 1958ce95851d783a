"""Simulating: cranks, experts and labels in processes of their own."""
