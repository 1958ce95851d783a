"""The alignment: three towers into one sphere, grounded behaviour, and the losses that teach them.

Numbers in, numbers out: nothing here knows a simulator, a task or an environment.
"""
