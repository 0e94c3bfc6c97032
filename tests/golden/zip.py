#!/usr/bin/python3
"""Writes tests/data/zip/three.zip: an archive by another hand for tests/data_sets/zip_test.cc.

usage: zip.py [FOLDER-FOR-THE-RESULT]
"""
import pathlib
import sys
import zipfile

target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                      pathlib.Path(__file__).parent.parent / "data" / "zip")
target.mkdir(parents=True, exist_ok=True)
with zipfile.ZipFile(target / "three.zip", "w") as archive:
    for name, content, method in [("gzip/stored", b"stored as it is", zipfile.ZIP_STORED),
                                  ("gzip/deflated", b"again and " * 100, zipfile.ZIP_DEFLATED),
                                  ("gzip/empty", b"", zipfile.ZIP_STORED)]:
        entry = zipfile.ZipInfo(name, (2022, 6, 14, 0, 0, 0))
        entry.compress_type = method
        archive.writestr(entry, content)
    archive.comment = b"a comment after the directory"
