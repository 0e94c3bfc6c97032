#!/usr/bin/env bash
# readme-commands.sh FILE: the commands in the ```sh blocks of a page, one a line, without comments.
set -euo pipefail
sed -nE '/^```sh$/,/^```$/{/^```/d; s/[[:space:]]+#.*//; /^[[:space:]]*(#|$)/d; p}' "$1"
