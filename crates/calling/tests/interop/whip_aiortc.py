"""aiortc as a tool in a call: publishes a tone by WHIP or records what it receives by WHEP.

    whip_aiortc.py publish URL TOKEN --tone 700 [--video [--codec VP8]]
    whip_aiortc.py receive URL TOKEN --record heard.wav [--video [--codec VP8]]

With --video it shows a blue picture, or says the colour of what it sees and counts it. Says
"connected" once media flows, and ends in order on SIGTERM. `--engine wrtc` is the same over
libwebrtc, by the package wrtc.
"""

import argparse
import array
import asyncio
import fractions
import math
import signal
import wave

import sys

import av

if "wrtc" in sys.argv:
    from webrtc.aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
    from webrtc.aiortc.mediastreams import MediaStreamError, MediaStreamTrack
else:
    from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
    from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from whip_http import Session

RATE_HZ = 48_000
FRAME = RATE_HZ // 50
BLUE = (41, 240, 110)


class Tone(MediaStreamTrack):
    """A sine, 20 ms at a time, as fast as time goes."""

    kind = "audio"

    def __init__(self, tone_hz):
        super().__init__()
        self.step = 2 * math.pi * tone_hz / RATE_HZ
        self.samples = 0
        self.start = None

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.start = self.start or loop.time()
        await asyncio.sleep(max(0, self.start + self.samples / RATE_HZ - loop.time()))
        numbers = range(self.samples, self.samples + FRAME)
        pcm = array.array("h", (int(12_000 * math.sin(self.step * it)) for it in numbers))
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(pcm.tobytes())
        frame.sample_rate = RATE_HZ
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        frame.pts = self.samples
        self.samples += FRAME
        return frame


class Blue(MediaStreamTrack):
    """A blue picture, 15 times a second."""

    kind = "video"

    def __init__(self):
        super().__init__()
        self.frames = 0
        self.start = None

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.start = self.start or loop.time()
        await asyncio.sleep(max(0, self.start + self.frames / 15 - loop.time()))
        frame = av.VideoFrame(320, 240, "yuv420p")
        for plane, value in zip(frame.planes, BLUE):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.time_base = fractions.Fraction(1, 90_000)
        frame.pts = self.frames * 6_000
        self.frames += 1
        return frame


async def watch(track):
    """Says the colour (Y, U, V) of the first picture and of every tenth, and how many there were."""
    frames = 0
    try:
        while True:
            frame = await track.recv()
            frames += 1
            if frames == 1 or frames % 10 == 0:
                planes = frame.reformat(format="yuv420p").planes
                colour = (bytes(plane)[plane.buffer_size // 2] for plane in planes)
                print("sees", *colour, flush=True)
                print("frames", frames, flush=True)
    except MediaStreamError:
        return


def prefer(transceiver, codec):
    """Offers pictures in this codec alone, with what repairs it."""
    mime = f"video/{codec}".lower()
    codecs = RTCRtpReceiver.getCapabilities("video").codecs
    kept = [it for it in codecs if it.mimeType.lower() in (mime, "video/rtx")]
    transceiver.setCodecPreferences(kept)


async def record(track, path):
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        heard = False
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            channels = len(frame.layout.channels)
            pcm = array.array("h", bytes(frame.planes[0])[: frame.samples * 2 * channels])
            file.writeframes(pcm[::channels].tobytes())
            if not heard and any(abs(sample) > 1_000 for sample in pcm):
                heard = True
                print("heard", flush=True)


async def main(args):
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # Not "max-bundle": then aiortc 1.16 looks for candidates in the last section alone, and answers
    # tell them in the first (RFC 9429 section 5.3.1).
    peer = RTCPeerConnection()
    recorders = []

    @peer.on("connectionstatechange")
    def changed():
        print(peer.connectionState, flush=True)
        if peer.connectionState in ("closed", "failed"):
            stopped.set()

    @peer.on("track")
    def came(track):
        work = record(track, args.record) if track.kind == "audio" else watch(track)
        recorders.append(asyncio.ensure_future(work))

    publish = args.what == "publish"
    direction = "sendonly" if publish else "recvonly"
    peer.addTransceiver(Tone(args.tone) if publish else "audio", direction=direction)
    if args.video:
        video = peer.addTransceiver(Blue() if publish else "video", direction=direction)
        if args.codec:
            prefer(video, args.codec)
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp
    session = await asyncio.to_thread(Session, args.url, args.token, offer)
    await peer.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
    await stopped.wait()
    await asyncio.to_thread(session.delete)
    await peer.close()
    await asyncio.gather(*recorders)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["publish", "receive"])
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("--tone", type=float, default=700)
    parser.add_argument("--record", default="heard.wav")
    parser.add_argument("--video", action="store_true")
    parser.add_argument("--codec", choices=["VP8", "VP9", "H264", "AV1"])
    parser.add_argument("--engine", choices=["aiortc", "wrtc"], default="aiortc")
    asyncio.run(main(parser.parse_args()))
