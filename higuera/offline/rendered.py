"""The files of a deployment with a stand-in for every secret: none is asked for."""

from higuera.database.target import questions_of
from higuera.render.every import every_file
from higuera.render.files import File
from higuera.spec.load import Deployment
from higuera.spec.stand_ins import stand_ins


def rendered(deployment: Deployment) -> list[File]:
    """All of them, in a fixed order. Raises RenderError."""
    stack = deployment.stack
    return every_file(deployment, stand_ins(stack), questions_of(stack))
