"""The child process that makes motions, and the client that talks to it. Neither knows Blender."""
