"""`python -m creditline`: the command line."""

from creditline.cli import main

if __name__ == "__main__":
    main()
