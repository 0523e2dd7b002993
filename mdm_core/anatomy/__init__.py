"""How the parts of a body are turned, told from joint positions: the one place that builds anatomical frames.

`frames`: orthonormal frames from directions. `hinges`: the axes of elbows and knees. `body`: how a skeleton stands
upright. `parts`: pelvis, spine, chest, collars, head, limbs. Rigs, files and contacts with the ground are not here.
"""
