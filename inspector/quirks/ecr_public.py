"""Amazon ECR Public: every token is for the scope `aws`; HEAD of a blob is refused."""

from inspector.quirks.registry import Registry

REGISTRY = Registry(
    name="ECR Public",
    hosts=("public.ecr.aws",),
    realms=("public.ecr.aws",),
    service="public.ecr.aws",
    storage=("d5l0dvt14r5h8.cloudfront.net", "d2glxqk2uabbnd.cloudfront.net"),
    relax={
        "scope-wrong-repository": "ECR Public gives every token for the scope aws, whatever is pulled",
        "digest-header-missing": "ECR Public sends manifests without Docker-Content-Digest",
        "head-get-differ": "ECR Public refuses HEAD of blobs that it serves to GET",
    },
)
