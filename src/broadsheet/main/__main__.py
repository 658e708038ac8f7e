"""`python -m broadsheet.main` is `broadsheet`."""

from broadsheet.main.cli import main

if __name__ == "__main__":
    main(prog_name="broadsheet")
