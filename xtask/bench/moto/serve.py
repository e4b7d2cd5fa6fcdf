"""moto's server as it comes: `serve.py --host H --port P`."""

import sys

from moto.server import main

if __name__ == "__main__":
    main(sys.argv[1:])
