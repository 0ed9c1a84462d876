"""``python -m profexd`` is the command profexd."""

from profexd.cli.profexd import main

if __name__ == "__main__":
    main()
