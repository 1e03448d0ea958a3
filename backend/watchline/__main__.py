"""`python -m watchline` is the `watchline` command."""

from watchline.cli import app

if __name__ == "__main__":
    app(prog_name="watchline")
