"""``python -m profexd`` is the command profexd."""

import sys

from profexd.cli.profexd import main

if __name__ == "__main__":
    sys.exit(main())
