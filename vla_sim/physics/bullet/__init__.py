"""The same scenes on PyBullet: a second opinion about contact and motion.

A compiled MuJoCo model is translated; nobody describes a scene twice. Bullet gets masses, inertias,
joints and their limits, shapes, frictions and who may touch whom, and decides about contacts,
constraints and integration. Kinematics and the forces of actuators, springs and dampers stay
MuJoCo's own formulas (`twin.py`): an actuator means the same on both engines.
"""
