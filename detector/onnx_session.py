"""Networks on ONNX Runtime: on NVIDIA's cards (CUDA, TensorRT), or on any processor.

What ships is OpenVINO's. A network is written in ONNX once, from the very graph that OpenVINO
would compile, and kept in the user's cache folder. So the same artefact is measured and used.
`pip install 'nameplate[onnx]'` brings what is needed; for NVIDIA's cards put `onnxruntime-gpu` in
the place of `onnxruntime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.cache import load_bytes, store_bytes
from datasets.errors import ModelError, UsageError
from detector.inference import Backend, Engine, Outputs, network_key

OPSET = 20
_CARD_OR_PROCESSOR = "CUDAExecutionProvider", "CPUExecutionProvider"
PROVIDERS: Mapping[Backend, tuple[str, ...]] = {
    "onnxruntime": _CARD_OR_PROCESSOR,
    # It builds code for each new shape of a picture, for minutes.
    "tensorrt": ("TensorrtExecutionProvider", *_CARD_OR_PROCESSOR),
}

# Operations that are one of ONNX, with the same inputs and no attributes.
_ALIKE = ("Add", "Erf", "Greater", "Identity", "Mod", "Relu", "Sigmoid", "Sqrt")
_SAME = {name: name for name in _ALIKE}
_SAME |= {"Divide": "Div", "Multiply": "Mul", "Power": "Pow", "Subtract": "Sub"}


class OnnxSession:
    """A network on ONNX Runtime; inputs go through it one after the other."""

    def __init__(self, loaded: Any) -> None:
        self._loaded = loaded
        self._name = loaded.get_inputs()[0].name
        self._line = ThreadPoolExecutor(1)

    def infer(self, fed: NDArray[Any]) -> Outputs:
        outputs: Outputs = self._loaded.run(None, {self._name: np.ascontiguousarray(fed)})
        return outputs

    def start(self, fed: NDArray[Any]) -> Callable[[], Outputs]:
        return self._line.submit(self.infer, fed).result


@lru_cache(maxsize=8)
def _load(content: bytes, engine: Engine) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = engine.threads or 0
    options.log_severity_level = 3
    available = onnxruntime.get_available_providers()
    providers = [one for one in PROVIDERS[engine.backend] if one in available]
    return onnxruntime.InferenceSession(content, options, providers=providers)


def load_onnx(digest: str, prepare: Callable[[], Any], engine: Engine) -> Any:
    """ONNX Runtime's session of a network; one serves all of a process.

    Raises UsageError: `onnx` or `onnxruntime` is not installed. Raises ModelError: the network
    holds an operation that is not known here.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"inference.backend {engine.backend}: {error.name} is not installed; say "
            "pip install 'nameplate[onnx]'"
        ) from error
    key = network_key(digest, prepare, Path(__file__).read_bytes(), onnx.__version__)
    content = load_bytes("onnx", key)
    if content is None:
        content = Conversion(prepare()).model()
        store_bytes("onnx", key, content)
    return _load(content, engine)


class Conversion:
    """OpenVINO's network, written in ONNX. Operations are those that the shipped networks, exported
    ones and PP-OCR's consist of."""

    def __init__(self, network: Any) -> None:
        from onnx import helper

        self._helper = helper
        self._network = network
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._count = 0

    def model(self) -> bytes:
        """The ONNX file. Raises ModelError: an operation is not known here."""
        helper, inputs, outputs = self._helper, [], []
        for operation in self._network.get_ordered_ops():
            match operation.get_type_name():
                case "Parameter":
                    inputs.append(self._declared(operation.output(0)))
                case "Result":
                    outputs.append(self._declared(operation.input_value(0)))
                case "Constant":
                    self._constant(operation.get_data(), _name(operation.output(0)))
                case kind:
                    self._convert(operation, kind)
        graph = helper.make_graph(self._nodes, "nameplate", inputs, outputs, self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10
        )
        content: bytes = model.SerializeToString()
        return content

    def _declared(self, value: Any) -> Any:
        kind = self._type(value.element_type.to_dtype())
        shape = [None if one.is_dynamic else one.get_length() for one in value.partial_shape]
        return self._helper.make_tensor_value_info(_name(value), kind, shape)

    def _constant(self, content: Any, name: str = "") -> str:
        from onnx import numpy_helper

        self._count += not name
        name = name or f"constant_{self._count}"
        self._constants.append(numpy_helper.from_array(np.asarray(content), name))
        return name

    def _add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node more; the name of its output."""
        self._count += 1
        output = f"between_{self._count}"
        self._nodes.append(self._helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _type(self, dtype: Any) -> int:
        kind: int = self._helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return kind

    def _whole(self, value: str) -> str:
        """A value as ONNX wants places and lengths."""
        return self._add("Cast", value, to=self._type(np.int64))

    def _flat(self, value: str) -> str:
        return self._add("Reshape", self._whole(value), self._constant([-1]))

    def _convert(self, operation: Any, kind: str) -> None:
        """Adds the nodes of one operation; the last has the operation's outputs."""
        values = operation.input_values()
        fed = [_name(value) for value in values]
        given = operation.get_attributes()
        dtype = operation.output(0).element_type.to_dtype()
        how: dict[str, Any] = {}
        match kind:
            case _ if kind in _SAME:
                kind = _SAME[kind]
            case "ReduceMax" | "ReduceMean" | "ReduceSum":
                fed[1], how["keepdims"] = self._whole(fed[1]), int(given["keep_dims"])
            case "Convert":
                kind, how["to"] = "Cast", self._type(dtype)
            case "ShapeOf":
                kind, how["to"] = "Cast", self._type(dtype)
                fed = [self._add("Shape", fed[0])]
            case "Swish":
                kind, fed = "Mul", [fed[0], self._add("Sigmoid", fed[0])]
            case "Gelu":
                how["approximate"] = {"ERF": "none", "TANH": "tanh"}[given["approximation_mode"]]
            case "Concat" | "Softmax":
                how["axis"] = given["axis"]
            case "Gather":
                fed, how["axis"] = fed[:2], _held(values[2]).item()
            case "Transpose":
                fed, how["perm"] = fed[:1], _held(values[1]).tolist()
            case "Reshape":
                fed[1], how["allowzero"] = self._whole(fed[1]), int(not given["special_zero"])
            case "Squeeze" | "Unsqueeze":
                fed[1:] = map(self._flat, fed[1:])
            case "Broadcast":
                kind, fed[1] = "Expand", self._whole(fed[1])
            case "Range":
                scalar = self._constant(np.zeros(0, np.int64))
                ends = [self._add("Cast", one, to=self._type(dtype)) for one in fed]
                fed = [self._add("Reshape", one, scalar) for one in ends]
            case "Slice":
                start, stop, step, *axes = map(self._whole, fed[1:])
                fed = [fed[0], start, stop, *(axes or [""]), step]
            case "VariadicSplit":
                kind, axis = "Split", _held(values[1]).item()
                # One of the lengths may be -1: what the others leave.
                lengths, zero = self._whole(fed[2]), self._constant([0])
                side = self._add("Gather", self._add("Shape", fed[0]), self._constant([axis]))
                others = self._add("ReduceSum", self._add("Max", lengths, zero), zero)
                missing = self._add("Less", lengths, zero)
                lengths = self._add("Where", missing, self._add("Sub", side, others), lengths)
                fed, how["axis"] = [fed[0], lengths], axis
            case "MatMul":
                for place, side in enumerate("ab"):
                    if given[f"transpose_{side}"]:
                        rank = values[place].partial_shape.rank.get_length()
                        order = [*range(rank - 2), rank - 1, rank - 2]
                        fed[place] = self._add("Transpose", fed[place], perm=order)
            case "Convolution":
                kind, how = "Conv", _window(given)
            case "GroupConvolution":
                groups, each, *rest = (one.get_length() for one in values[1].partial_shape)
                whole = self._constant([groups * each, *rest])
                fed[1] = self._add("Reshape", fed[1], whole)
                kind, how = "Conv", {"group": groups, **_window(given)}
            case "ConvolutionBackpropData":
                kind = "ConvTranspose"
                how = {"output_padding": given["output_padding"], **_window(given)}
            case "MaxPool":
                how = _pool(given)
            case "AvgPool":
                kind = "AveragePool"
                how = {"count_include_pad": int(not given["exclude-pad"]), **_pool(given)}
            case "BatchNormInference":
                kind, how["epsilon"] = "BatchNormalization", given["epsilon"]
            case "HardSigmoid":
                how["alpha"], how["beta"] = (_held(value).item() for value in values[1:])
                fed = fed[:1]
            case "Interpolate":
                kind = "Resize"
                names = ("mode", "nearest_mode", "coordinate_transformation_mode")
                how = {name: given[name] for name in names}
                if len(fed) > 2:
                    how["axes"] = _held(values[2]).tolist()
                by_scale = given["shape_calculation_mode"] == "scales"
                fed = [fed[0], "", *([fed[1]] if by_scale else ["", self._whole(fed[1])])]
            case "MVN":
                over = self._whole(fed[1])
                shifted = self._add("Sub", fed[0], self._add("ReduceMean", fed[0], over))
                spread = self._add("ReduceMean", self._add("Mul", shifted, shifted), over)
                least = self._constant(np.float32(given["eps"]))
                kind, fed = "Div", [shifted, self._add("Sqrt", self._add("Add", spread, least))]
            case "FakeQuantize" if given["levels"] == 256:
                low, high = (_held(value).astype(np.float64) for value in values[1:3])
                scale = (high - low) / 255
                zero_point = np.round(-low / scale).astype(np.uint8)
                shape = (-1,) if scale.size > 1 else ()  # of the channels, or of all
                step = self._constant(scale.astype(np.float32).reshape(shape))
                middle = self._constant(zero_point.reshape(shape))
                kind, how["axis"] = "DequantizeLinear", 1
                fed = [self._add("QuantizeLinear", fed[0], step, middle, axis=1), step, middle]
            case _:
                raise ModelError(f"operation {kind}: not known in ONNX; use the backend openvino")
        outputs = [_name(one) for one in operation.outputs()]
        outputs = outputs[:1] if kind == "MaxPool" else outputs
        self._nodes.append(self._helper.make_node(kind, fed, outputs, **how))


def _name(value: Any) -> str:
    return f"{value.node.get_name()}_{value.index}"


def _held(value: Any) -> NDArray[Any]:
    """What a constant holds, which may be kept in fewer bits."""
    node = value.node
    if node.get_type_name() == "Convert":
        return _held(node.input_value(0)).astype(value.element_type.to_dtype())
    content: NDArray[Any] = node.get_data()
    return content


def _window(given: dict[str, Any]) -> dict[str, Any]:
    """Strides, dilations and padding of a convolution or a pool."""
    how = {"strides": given["strides"]}
    if "dilations" in given:
        how["dilations"] = given["dilations"]
    if given["auto_pad"] == "explicit":
        return how | {"pads": [*given["pads_begin"], *given["pads_end"]]}
    return how | {"auto_pad": given["auto_pad"].upper()}


def _pool(given: dict[str, Any]) -> dict[str, Any]:
    whole = given["rounding_type"] != "floor"
    return {"kernel_shape": given["kernel"], "ceil_mode": int(whole), **_window(given)}
