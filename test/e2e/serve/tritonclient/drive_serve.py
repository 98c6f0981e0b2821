"""Drives a server with the real tritonclient, and prints what it saw as one line of JSON."""

import json
import sys

import ml_dtypes
import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = http.InferenceServerClient(sys.argv[1], concurrency=16)
seen = {}


def refused(call):
    try:
        call()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return "was accepted"


def tensor(name, array, datatype, binary=True):
    given = http.InferInput(name, list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=binary)
    return given


# Health and metadata
seen["live"] = client.is_server_live()
seen["ready"] = client.is_server_ready()
seen["model ready"] = [
    client.is_model_ready("doubled"),
    client.is_model_ready("doubled", "1"),
    client.is_model_ready("doubled", "2"),
    client.is_model_ready("nothing"),
]
server = client.get_server_metadata()
seen["server"] = [server["name"], "binary_tensor_data" in server["extensions"]]
seen["metadata"] = client.get_model_metadata("doubled", "1")
config = client.get_model_config("doubled")
seen["config"] = [config["name"], config["max_batch_size"], config["input"]]
seen["unknown"] = refused(lambda: client.get_model_metadata("nothing"))

# Every datatype, as bytes and as JSON
arrays = {
    "bool": (np.array([[True, False, True]]), "BOOL"),
    "int64": (np.array([[2**63 - 1, -(2**63), 9007199254740993]], dtype=np.int64), "INT64"),
    "fp16": (np.array([[0.1, -2, 65504]], dtype=np.float16), "FP16"),
    "bf16": (np.array([[1.5, -2, 3e38]], dtype=ml_dtypes.bfloat16), "BF16"),
    "fp32": (np.array([[0.1, np.inf, np.nan]], dtype=np.float32), "FP32"),
    "bytes": (np.array([["h\u00e9".encode(), b"", b"\x00\xff"]], dtype=np.object_), "BYTES"),
}


def same(answer):
    return {
        name: bool(
            np.array_equal(answer.as_numpy(name), array)
            or np.allclose(
                answer.as_numpy(name).astype(np.float64),
                array.astype(np.float64),
                rtol=0,
                atol=0,
                equal_nan=True,
            )
        )
        for name, (array, _) in arrays.items()
    }


inputs = [tensor(name, array, datatype) for name, (array, datatype) in arrays.items()]
seen["binary"] = same(client.infer("every-type", inputs, request_id="b1"))

arrays["bytes"] = (np.array([["h\u00e9".encode(), b"", b"x"]], dtype=np.object_), "BYTES")
mixed = [
    tensor(name, array, datatype, binary=datatype in ("FP16", "BF16"))
    for name, (array, datatype) in arrays.items()
]
as_json = [
    http.InferRequestedOutput(name, binary_data=name in ("fp16", "bf16")) for name in arrays
]
answer = client.infer("every-type", mixed, outputs=as_json, request_id="j1")
texts = answer.as_numpy("bytes")
seen["json texts"] = texts.tolist()
arrays.pop("bytes")
seen["json"] = same(answer)
seen["json id"] = answer.get_response()["id"]

# Chosen outputs, ids, classes, compression
x = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=np.float32)
one = [tensor("x", x, "FP32")]
chosen = client.infer("doubled", one, outputs=[http.InferRequestedOutput("sum")], request_id="7")
response = chosen.get_response()
seen["chosen"] = [response["id"], response["model_name"], response["model_version"]]
seen["outputs"] = [output["name"] for output in response["outputs"]]
seen["sum"] = chosen.as_numpy("sum").tolist()
seen["version"] = client.infer("doubled", one, model_version="1").as_numpy("double").tolist()
classes = http.InferRequestedOutput("double", class_count=2)
seen["classes"] = [
    [text.decode() for text in row]
    for row in client.infer("doubled", one, outputs=[classes]).as_numpy("double")
]
seen["compressed"] = [
    client.infer(
        "doubled",
        one,
        request_compression_algorithm=sent,
        response_compression_algorithm=wanted,
    )
    .as_numpy("sum")
    .tolist()
    for sent, wanted in [("gzip", "deflate"), ("deflate", "gzip"), ("gzip", None)]
]
plain = client.infer(
    "doubled",
    [tensor("x", x, "FP32", binary=False)],
    outputs=[http.InferRequestedOutput("sum", binary_data=False)],
    response_compression_algorithm="gzip",
)
seen["compressed json"] = plain.as_numpy("sum").tolist()
body, json_size = http.InferenceServerClient.generate_request_body(one)
seen["body"] = [len(body) > json_size, json_size > 0]

# What is wrong
short = np.ones((1, 3), dtype=np.float32)
seen["shape"] = refused(lambda: client.infer("doubled", [tensor("x", short, "FP32")]))
seen["type"] = refused(lambda: client.infer("doubled", [tensor("x", x.astype(np.float64), "FP64")]))
unknown = [http.InferRequestedOutput("other")]
seen["output"] = refused(lambda: client.infer("doubled", one, outputs=unknown))


# Priority and timeout: one worker, one item at a time
def turn(ms, **options):
    given = tensor("ms", np.array([[ms]], dtype=np.int32), "INT32")
    return client.async_infer("turns", [given], **options)


def number(request):
    return int(request.get_result().as_numpy("turn")[0][0])


seen["timeout"] = refused(lambda: turn(5_000, timeout=50_000).get_result())
first = turn(2_000)  # all others are in the queue before it is over
low = [turn(20, priority=2) for _ in range(5)]
high = [turn(20, priority=1) for _ in range(5)]
first.get_result()
seen["priority"] = sum(map(number, high)) < sum(map(number, low))

# Many at a time
many = [
    client.async_infer("doubled", [tensor("x", np.full((3, 4), n, dtype=np.float32), "FP32")])
    for n in range(32)
]
seen["async"] = [float(one.get_result().as_numpy("sum")[2][0]) for one in many] == [
    4.0 * n for n in range(32)
]

# Statistics
statistics = client.get_inference_statistics("doubled", "1")["model_stats"]
seen["statistics"] = [
    [model["name"], model["version"], model["inference_stats"]["success"]["count"]]
    for model in statistics
]
seen["all statistics"] = sorted(
    model["name"] for model in client.get_inference_statistics()["model_stats"]
)

# Repository
seen["index"] = sorted(
    [model["name"], model["version"], model["state"]]
    for model in client.get_model_repository_index()
)
client.unload_model("doubled")
seen["unloaded"] = [client.is_model_ready("doubled"), refused(lambda: client.infer("doubled", one))[0]]
client.load_model("doubled")
seen["loaded"] = [
    client.is_model_ready("doubled"),
    client.infer("doubled", one).as_numpy("sum").tolist(),
]
seen["load with config"] = refused(lambda: client.load_model("doubled", config="{}"))[0]
seen["load unknown"] = refused(lambda: client.load_model("nothing"))[0]

client.close()
print(json.dumps(seen))
