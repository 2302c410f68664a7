"""A live call through the server: libwebrtc (package wrtc) speaks by WHIP, and on the far side of the same
network listen libwebrtc by WHEP and this project's own client. See audio-lab-live.sh.

The last leg is a relay here that does to the n-th RTP packet towards each listener what a trace of the
laboratory did to its n-th packet: both get the same network from their first packet on.
"""

import argparse
import asyncio
import base64
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.request
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "crates/calling/tests/interop"))

RATE_HZ = 48_000
FRAME = RATE_HZ // 50
# Least one-way delay of the last leg, as of the laboratory's networks.
PATH_S = 0.040
# The server's own default.
APP_ID = 1_400_000_000
# What is waited for at most, for anything.
PATIENCE_S = 30


def read_trace(data):
    """Lateness in seconds by packet, None if it never came; docs/audio-lab.md describes the file."""
    assert data[:5] == b"CLTR\x01", "no trace"
    at = 5

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed():
        value = number()
        return (value >> 1) ^ -(value & 1)

    length = number()
    at += length
    frames, drift_ppm, packets = number(), signed(), number()
    arrivals, time, index = {}, 0, -1
    for _ in range(packets):
        gap = number()
        time += gap >> 1
        index += 1 + (signed() if gap & 1 else 0)
        arrivals.setdefault(index, time / 10_000)
    late = [arrivals[it] - it * 0.020 * (1 + drift_ppm / 1e6) if it in arrivals else None for it in range(frames)]
    least = min(it for it in late if it is not None)
    return [None if it is None else it - least for it in late]


class Relay(asyncio.DatagramProtocol):
    """Stands where clients look for the server's media."""

    def __init__(self, server, trace):
        self.server, self.trace, self.clients = server, trace, {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, client):
        if client not in self.clients:
            self.clients[client] = leg = Leg(self, client)
            asyncio.ensure_future(leg.open())
        self.clients[client].up(data)


class Leg(asyncio.DatagramProtocol):
    """One client's way to the server and back."""

    def __init__(self, relay, client):
        self.relay, self.client, self.upstream, self.waiting = relay, client, None, []
        self.first, self.seen = {}, set()

    async def open(self):
        loop = asyncio.get_running_loop()
        self.upstream, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=self.relay.server)
        for data in self.waiting:
            self.upstream.sendto(data)

    def up(self, data):
        if self.upstream is None:
            self.waiting.append(data)
        else:
            self.upstream.sendto(data)

    def datagram_received(self, data, _):
        late = self.lateness(data)
        if late is not None:
            send = self.relay.transport.sendto
            asyncio.get_running_loop().call_later(PATH_S + late, send, data, self.client)

    def lateness(self, data):
        """None: lost. What is no RTP, and what is sent again, is neither late nor lost."""
        if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
            return 0
        sequence, _, ssrc = struct.unpack(">HII", data[2:12])
        index = (sequence - self.first.setdefault(ssrc, sequence)) & 0xFFFF
        if (ssrc, index) in self.seen or index >= len(self.relay.trace):
            return 0
        self.seen.add((ssrc, index))
        return self.relay.trace[index]


class Signalling:
    """As much of docs/protocol.md as it takes to place a call: JSON over WebSocket (RFC 6455)."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /v1/ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        assert b" 101 " in self.file.readline(), "no WebSocket"
        while self.file.readline().strip():
            pass
        self.asked = 0

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def _receive(self):
        while True:
            first, second = self.file.read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self.file.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.file.read(8))
            payload = self.file.read(length)
            if first & 0x0F == 1:
                return json.loads(payload)
            if first & 0x0F == 9:
                self._send(10, payload)

    def ask(self, method, **params):
        self.asked += 1
        self._send(1, json.dumps({"id": self.asked, "method": method, "params": params}).encode())
        while True:
            said = self._receive()
            if said.get("id") == self.asked:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]


def calling(args, *words):
    return subprocess.run([args.calling, *words], capture_output=True, text=True, check=True).stdout.strip()


class Server:
    """A server in a folder of its own, whose media clients look for at the relay's address."""

    def __init__(self, args, folder):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.media = ("127.0.0.1", free.getsockname()[1])
        self.data, self.args = str(folder / "data"), args
        flags = ["--http", "127.0.0.1:0", "--media", "%s:%d" % self.media, "--public-ip", "127.0.0.2"]
        command = [args.calling, "serve", "--data", self.data, *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "http://" in line:
                self.http = line.split("http://")[1].split()[0].strip("/,")
                break
        else:
            raise RuntimeError("the server did not start")

    def admit(self, user):
        token = (Path(self.data) / "admin.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps({"user_id": user}).encode()
        request = urllib.request.Request(f"http://{self.http}/v1/accounts", body, headers)
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()
        return calling(self.args, "usersig", "--user", user, "--data", self.data)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


async def said(process, wanted):
    """Reads what a peer says until a line begins so; gives the rest of it."""
    while True:
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S + 60)).decode()
        if not line:
            raise RuntimeError(f"a peer ended before it said {wanted!r}")
        if line.startswith(wanted):
            return line[len(wanted) :].strip()


async def call(args, trace):
    """One call; gives what both listeners say of themselves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(args, folder)
        loop = asyncio.get_running_loop()
        address = ("127.0.0.2", server.media[1])
        relay, _ = await loop.create_datagram_endpoint(lambda: Relay(server.media, trace), local_addr=address)
        children = []

        async def start(*words, env=None):
            pipe = asyncio.subprocess.PIPE
            child = await asyncio.create_subprocess_exec(*words, stdout=pipe, stdin=pipe, env=env)
            children.append(child)
            return child

        try:
            return await talk(args, server, start)
        finally:
            for child in children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
            relay.close()
            server.stop()


async def talk(args, server, start):
    sigs = {user: server.admit(user) for user in ("host", "ours", "speaker", "listener")}
    host, port = server.http.split(":")
    ours = await start(
        args.calling, "answer", "--auto", "--no-ui", "--json", "--calls", "1", "--as", "ours",
        "--user-sig", sigs["ours"], "--server", f"ws://{server.http}",
    )  # fmt: skip
    await asyncio.sleep(1)
    line = Signalling(host, int(port))
    line.ask("hello", versions=[1], agent="audio-lab-live")
    line.ask("sign_in", sdk_app_id=APP_ID, user_id="host", user_sig=sigs["host"], device_id="lab")
    placed = line.ask("call", callees=["ours", "speaker", "listener"], media_type="audio")
    call_id = placed["facts"]["call_id"]
    peer = [sys.executable, __file__, "--peer"]
    env = os.environ | {"WRTC_ALLOW_LOOPBACK": "1"}
    whep = f"http://{server.http}/whep/{call_id}?user=speaker"
    speak = [f"http://{server.http}/whip/{call_id}", sigs["speaker"], "--speech", args.speech]
    speaker = await start(*peer, "publish", *speak, env=env)
    await said(speaker, "connected")
    listener = await start(*peer, "receive", whep, sigs["listener"], env=env)
    await said(listener, "connected")
    await asyncio.sleep(args.seconds)
    listener.stdin.write(b"tell\n")
    theirs = json.loads(await said(listener, "stats"))
    for child in (listener, speaker):
        child.stdin.close()
        await asyncio.wait_for(child.wait(), PATIENCE_S)
    line.ask("hangup", call_id=call_id)
    own = json.loads(await said(ours, ""))["figures"]
    return {"webrtc-live": theirs, "ours": figures(own)}


def figures(own):
    """The client's account of itself."""
    return {
        "concealed_percent": own["concealed_percent"],
        "buffer_delay_ms": own["mean_playout_delay_ms"],
        "played_s": own["played_ms"] / 1_000,
        "packets": own["packets_received"],
        "repeated": own["packets_repeated"],
    }


def of_stats(stats):
    """W3C webrtc-stats of an inbound stream in the same terms."""
    audible = stats.concealedSamples - stats.silentConcealedSamples
    return {
        "concealed_percent": 100 * audible / stats.totalSamplesReceived,
        "buffer_delay_ms": 1_000 * stats.jitterBufferDelay / stats.jitterBufferEmittedCount,
        "played_s": stats.totalSamplesReceived / RATE_HZ,
        "packets": stats.packetsReceived,
        "repeated": 0,
    }


async def peer_main(args):
    """A peer of libwebrtc."""
    import array
    import fractions

    import av
    from webrtc.aiortc import RTCPeerConnection, RTCSessionDescription
    from webrtc.aiortc.mediastreams import MediaStreamError, MediaStreamTrack
    from whip_http import Session

    class Speech(MediaStreamTrack):
        """A WAV file (48 kHz, mono, 16 bits), from its beginning again when it ends."""

        kind = "audio"

        def __init__(self, path):
            super().__init__()
            with wave.open(path) as file:
                self.pcm = array.array("h", file.readframes(file.getnframes()))
            self.samples, self.start = 0, None

        async def recv(self):
            loop = asyncio.get_running_loop()
            self.start = self.start or loop.time()
            await asyncio.sleep(max(0, self.start + self.samples / RATE_HZ - loop.time()))
            begin = self.samples % (len(self.pcm) - FRAME)
            frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME)
            frame.planes[0].update(self.pcm[begin : begin + FRAME].tobytes())
            frame.sample_rate, frame.time_base = RATE_HZ, fractions.Fraction(1, RATE_HZ)
            frame.pts = self.samples
            self.samples += FRAME
            return frame

    peer = RTCPeerConnection()
    heard = []

    @peer.on("connectionstatechange")
    def changed():
        print(peer.connectionState, flush=True)

    @peer.on("track")
    def came(track):
        async def swallow():
            try:
                while True:
                    await track.recv()
            except MediaStreamError:
                return

        heard.append(asyncio.ensure_future(swallow()))

    publish = args.what == "publish"
    peer.addTransceiver(Speech(args.speech) if publish else "audio", direction="sendonly" if publish else "recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    session = await asyncio.to_thread(Session, args.url, args.token, peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
    if args.show:
        print(session.answer, file=sys.stderr)
    while (await asyncio.to_thread(sys.stdin.readline)).strip() == "tell":
        print("stats", json.dumps(of_stats(await inbound(peer))), flush=True)
    await asyncio.to_thread(session.delete)
    await peer.close()


async def inbound(peer):
    # What the package offers in aiortc's manner leaves out all that aiortc does not count.
    for entry in (await peer._native.get_stats()).values():
        if entry.type == "inbound-rtp" and entry.kind == "audio":
            return entry
    raise RuntimeError("there is no inbound stream")


def table(results):
    names = ("webrtc-live", "ours")
    lines = [
        "| trace | calls | concealed %: libwebrtc | ours | wait in the buffer ms: libwebrtc | ours |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    traces = dict.fromkeys(entry["trace"] for entry in results)
    for trace in traces:
        calls = [entry for entry in results if entry["trace"] == trace]
        cells = []
        for key, digits in (("concealed_percent", 2), ("buffer_delay_ms", 0)):
            for name in names:
                values = [entry[name][key] for entry in calls]
                spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
                cells.append(f"{statistics.mean(values):.{digits}f}{spread}")
        lines.append(f"| {trace} | {len(calls)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


async def main(args):
    out = Path(args.out)
    results = []
    for trace in args.trace:
        for seed in range(1, args.seeds + 1):
            file = out / "live.cltr"
            words = ["trace", trace, str(file), "--seed", str(seed), "--seconds", str(args.seconds + 60)]
            subprocess.run([args.lab, *words], check=True)
            result = await call(args, read_trace(file.read_bytes()))
            results.append({"trace": trace, "seed": seed, "seconds": args.seconds, **result})
            print(json.dumps(results[-1]), file=sys.stderr, flush=True)
            # What there is so far is kept: it takes as long as calls do.
            (out / "live.json").write_text(json.dumps(results, indent=2))
            (out / "live.md").write_text(table(results))
    print(table(results), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    if "--peer" in sys.argv:
        parser.add_argument("--peer", action="store_true")
        parser.add_argument("what", choices=["publish", "receive"])
        parser.add_argument("url")
        parser.add_argument("token")
        parser.add_argument("--speech")
        parser.add_argument("--show", action="store_true")
        asyncio.run(peer_main(parser.parse_args()))
    else:
        parser.add_argument("--calling", required=True)
        parser.add_argument("--lab", required=True)
        parser.add_argument("--out", required=True)
        parser.add_argument("--speech", required=True)
        parser.add_argument("--trace", action="append", required=True)
        parser.add_argument("--seeds", type=int, default=5)
        parser.add_argument("--seconds", type=int, default=30)
        asyncio.run(main(parser.parse_args()))
