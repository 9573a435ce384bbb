"""The Open Inference Protocol over HTTP: tensors as JSON."""

from dataclasses import dataclass
from urllib.parse import quote

from bowerbird.errors import PredictionFailed
from bowerbird.runtimes.inputs import Array
from bowerbird.runtimes.remote import Remote
from bowerbird.runtimes.tensors import Json, Wanted, checked, read_tensor, tensors


@dataclass(frozen=True, slots=True)
class RestServer:
    """One model of a server, in one version or the one that the server prefers."""

    remote: Remote
    model_name: str
    model_version: str

    @property
    def path(self) -> str:
        version = f"/versions/{quote(self.model_version, safe='')}" if self.model_version else ""
        return f"/v2/models/{quote(self.model_name, safe='')}{version}"

    def metadata(self) -> Json:
        return self.remote.call("GET", self.path)

    def infer(self, batch: Array, wanted: Wanted) -> Array:
        """The wanted output, of shape [rows, ...]. Raises PredictionFailed for any other."""
        tensor: dict[str, object] = {
            "name": wanted.input_name,
            "shape": list(batch.shape),
            "datatype": wanted.datatype,
            "data": batch.reshape(-1).tolist(),
        }
        if wanted.is_base64:
            tensor["parameters"] = {"content_type": "base64"}
        body = {"inputs": [tensor], "outputs": [{"name": wanted.output_name}]}
        answer = self.remote.call("POST", f"{self.path}/infer", body)
        return _output_of(answer, wanted.output_name, len(batch))

    def close(self) -> None:
        self.remote.close()


def _output_of(answer: Json, name: str, rows: int) -> Array:
    tensor = tensors(answer, "outputs").get(name)
    if tensor is None:
        raise PredictionFailed(f"the answer has no output {name!r}")
    return checked(read_tensor(tensor, PredictionFailed), name, rows)
