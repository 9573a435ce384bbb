"""Generates the Python of our messages: `make proto`. The contract's own files come as descriptors."""

import sys
import tempfile
from pathlib import Path

from clarifai_grpc.grpc.api import service_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

SOURCES = sorted(str(path) for path in Path("bowerbird/proto").glob("*.proto"))


def main() -> int:
    """Run in the folder that holds the package. Answers protoc's exit code."""
    with tempfile.NamedTemporaryFile(suffix=".pb") as contract:
        contract.write(_everything(service_pb2.DESCRIPTOR).SerializeToString())
        contract.flush()
        arguments = [f"--descriptor_set_in={contract.name}", "-I.", "--python_out=.", "--pyi_out=."]
        code: int = protoc.main(["protoc", *arguments, *SOURCES])
    for source in SOURCES:
        for suffix in (".py", ".pyi"):
            _mend_imports(Path(source.replace(".proto", f"_pb2{suffix}")))
    return code


def _everything(file: FileDescriptor) -> FileDescriptorSet:
    """The file and all that it imports, the imported first."""
    found: dict[str, FileDescriptor] = {}

    def visit(one: FileDescriptor) -> None:
        for dependency in one.dependencies:
            visit(dependency)
        found.setdefault(one.name, one)

    visit(file)
    whole = FileDescriptorSet()
    for one in found.values():
        whole.file.add().ParseFromString(one.serialized_pb)
    return whole


def _mend_imports(path: Path) -> None:
    # The contract's modules lie in another package than their files say.
    text = path.read_text()
    path.write_text(text.replace("from proto.clarifai.", "from clarifai_grpc.grpc."))


if __name__ == "__main__":
    sys.exit(main())
