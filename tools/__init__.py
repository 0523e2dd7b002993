"""What build.py is made of. `interpreters` and `environment` run on any Python 3.8+; the rest in the .venv."""
