"""The demo: a mannequin built by code, a scene around it, and `python build.py demo` that joins the parts.

Runs in a checkout under the `bpy` wheel; nothing here goes into the extension or the wheel of mdm_core.
"""
