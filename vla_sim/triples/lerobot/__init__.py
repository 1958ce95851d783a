"""LeRobotDataset v3.0 on disk: a crash-safe writer, a fast reader, and a checker.

The layout is LeRobot's own, so its tools read it; what LeRobot has no word for stands in columns
named `label.*`, in extra columns of the episodes' table and in `meta/vla_sim.json`.
"""
