"""Scores recordings of the audio laboratory; see audio-lab-score.sh."""

import json
import multiprocessing
import os
import sys
from pathlib import Path

import numpy
import onnxruntime
import soundfile
import soxr
from pesq import PesqError, pesq
from speechmos import plcmos

RATE_HZ = 16_000
# PLCMOS asks as many imagined listeners, drawn by chance; the package's own number is 15.
LISTENERS = 5
model = None


def begin():
    """Prepares a process: one thread each, since there is a process per core."""
    global model
    model = plcmos.PLCMOS(embed_rounds=LISTENERS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model.session = onnxruntime.InferenceSession(model.model_path, options)


def load(path):
    pcm, rate = soundfile.read(path, dtype="float32")
    return numpy.clip(soxr.resample(pcm, rate, RATE_HZ), -1.0, 1.0)


def recording(run):
    return f"{run['speech']}.{run['trace']}.{run['stream']}.{run['player']}"


def score(job):
    out, run = job
    name = recording(run)
    heard_path = out / "wav" / f"{name}.wav"
    if not heard_path.exists():
        return None
    said = load(out / "wav" / f"{run['speech']}.reference.wav")
    heard = load(heard_path)
    # Before the first packet and after the last there is nothing to compare.
    said = said[: int(run["frames_ms"] * RATE_HZ / 1000)]
    try:
        wideband = float(pesq(RATE_HZ, said, heard, "wb"))
    except PesqError as error:
        print(f"scores: {name}: PESQ failed: {error}", file=sys.stderr)
        wideband = None
    # The same listeners for every recording.
    numpy.random.seed(1)
    keys = (
        "speech",
        "trace",
        "stream",
        "player",
        "concealed_percent",
        "mean_delay_ms",
        "mos_listening",
        "mos_conversation",
    )
    return {
        **{key: run[key] for key in keys},
        "pesq_wb": wideband,
        "plcmos": float(model(heard)["plcmos"]),
    }


def table(scores):
    speeches = len({score["speech"] for score in scores})
    lines = [
        f"Mean over {speeches} speech file(s), first seed.",
        "",
        "| trace | stream | player | concealed % | mean delay ms | PESQ-WB | PLCMOS |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    groups = {}
    for entry in scores:
        groups.setdefault((entry["trace"], entry["stream"], entry["player"]), []).append(entry)
    for names, entries in groups.items():
        cells = []
        for key, digits in (("concealed_percent", 2), ("mean_delay_ms", 0), ("pesq_wb", 2), ("plcmos", 2)):
            values = [entry[key] for entry in entries if entry[key] is not None]
            cells.append(f"{sum(values) / len(values):.{digits}f}" if values else "–")
        lines.append(f"| {' | '.join(names)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    last = numpy.cumsum(counts)
    return ((2 * last - counts + 1) / 2)[inverse]


def spearman(scores, one, other):
    """Spearman's rank correlation of two columns, and of how many rows."""
    pairs = [(entry[one], entry[other]) for entry in scores if entry[one] is not None and entry[other] is not None]
    if len(pairs) < 3:
        return None, len(pairs)
    first, second = (ranks(numpy.array(column)) for column in zip(*pairs))
    return float(numpy.corrcoef(first, second)[0, 1]), len(pairs)


def correlations(scores):
    """How well the E-model orders what was heard, against scores that know what was said."""
    lines = ["", "| E-model without delay against | rows | Spearman's rank correlation |", "|---|--:|--:|"]
    groups = {"all": scores}
    for entry in scores:
        groups.setdefault(entry["player"], []).append(entry)
    for judge in ("pesq_wb", "plcmos"):
        for name, entries in groups.items():
            value, rows = spearman(entries, "mos_listening", judge)
            told = "–" if value is None else f"{value:.3f}"
            lines.append(f"| {judge}, {name} | {rows} | {told} |")
    return "\n".join(lines) + "\n"


def main():
    out = Path(sys.argv[1])
    findings = json.loads((out / "audio.json").read_text())
    if findings["synthetic_speech"]:
        print("scores: the speech is synthetic; these scores mislead", file=sys.stderr)
    parts = sys.argv[2:] or [""]
    runs = [
        {**run, "frames_ms": findings["seconds"] * 1000}
        for run in findings["runs"]
        if run["seed"] == 1 and any(part in recording(run) for part in parts)
    ]
    with multiprocessing.Pool(os.cpu_count(), begin) as pool:
        scores = [entry for entry in pool.imap(score, [(out, run) for run in runs]) if entry]
    if not scores:
        print("scores: skipped, no recordings; run calling-lab audio with --wav", file=sys.stderr)
        return
    (out / "scores.json").write_text(json.dumps(scores, indent=2))
    text = table(scores) + correlations(scores)
    (out / "scores.md").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
