"""File formats for motion: npz (everything), bvh (other programs), gif and mp4 (to look at). No model lives here."""
