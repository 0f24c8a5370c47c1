"""A whole Docker Hub of real parts, and the real clients that pull from it, in one temporary folder.

Knows: distribution, nginx, a token server, dockerd, containerd, podman, skopeo, buildah. Must not know: this project's
own code, except how to start ``mitmdump -s addons/record.py``; the tests judge what the project says.
"""
