/**
 * werift as a tool in a call: publishes a tone by WHIP or records what it receives by WHEP.
 *
 *   whip_werift.mjs publish URL TOKEN --tone 700 [--video --codec VP8]
 *   whip_werift.mjs receive URL TOKEN --record heard.wav [--video --codec VP8]
 *
 * werift carries packets and has no codecs: GStreamer makes the packets and reads them, over UDP on
 * loopback. Says what the scripts of crates/calling/tests/interop say.
 */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { RTCPeerConnection, useAbsSendTime, useH264, useOPUS, useSdesMid, useVP8, useVP9, MediaStreamTrack } from "werift";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    tone: { type: "string", default: "700" },
    record: { type: "string", default: "heard.wav" },
    video: { type: "boolean", default: false },
    codec: { type: "string", default: "VP8" },
  },
});
const [what, url, token] = positionals;

const [WIDTH, HEIGHT] = [320, 240];
const H264 = "packetization-mode=1;profile-level-id=42e01f";
const CODECS = {
  VP8: {
    offered: useVP8(),
    encode: "vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay",
    decode: "rtpvp8depay ! vp8dec",
  },
  VP9: {
    offered: useVP9(),
    encode: "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! rtpvp9pay",
    decode: "rtpvp9depay ! vp9dec",
  },
  H264: {
    offered: useH264({ parameters: H264 }),
    encode:
      "openh264enc gop-size=15 ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
    decode: "rtph264depay ! h264parse ! openh264dec",
  },
};
const codec = CODECS[values.codec];

const children = [];

/** Starts a pipeline of GStreamer. */
function launch(pipeline) {
  const child = spawn("gst-launch-1.0", ["-q", ...pipeline.split(" ")], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

/** A socket on loopback, bound; `port` is its own. */
function bound() {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => resolve(socket));
  });
}

/** A track of what a pipeline makes. */
async function made(kind, pipeline) {
  const track = new MediaStreamTrack({ kind });
  const socket = await bound();
  socket.on("message", (packet) => track.writeRtp(packet));
  launch(`${pipeline} ! udpsink host=127.0.0.1 port=${socket.address().port}`);
  return track;
}

/** Decodes what comes on `track`; calls `take` with raw bytes. */
async function read(track, caps, pipeline, take) {
  const [socket, free] = [await bound(), await bound()];
  const { port } = free.address();
  await new Promise((done) => free.close(done));
  const source = `udpsrc address=127.0.0.1 port=${port} caps=application/x-rtp,${caps} ! rtpjitterbuffer latency=50`;
  launch(`${source} ! ${pipeline} ! fdsink fd=1`).stdout.on("data", take);
  track.onReceiveRtp.subscribe((packet) => socket.send(packet.serialize(), port, "127.0.0.1"));
}

function record() {
  const file = openSync(values.record, "w");
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.write("data", 36);
  writeSync(file, header);
  let heard = false;
  return (pcm) => {
    writeSync(file, pcm);
    for (let at = 0; !heard && at + 2 <= pcm.length; at += 2) {
      if (Math.abs(pcm.readInt16LE(at)) <= 1_000) continue;
      heard = true;
      console.log("heard");
    }
  };
}

let frames = 0;

/** Says the colour (Y, U, V) of the first picture and of every tenth, and how many there were. */
function look() {
  const size = WIDTH * HEIGHT;
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= (size * 3) / 2; rest = rest.subarray((size * 3) / 2)) {
      frames += 1;
      if (frames !== 1 && frames % 10 !== 0) continue;
      const places = [size / 2, size + size / 8, size + (size * 3) / 8];
      console.log("sees", ...places.map((at) => rest[at]));
      console.log("frames", frames);
    }
  };
}

const peer = new RTCPeerConnection({
  codecs: { audio: [useOPUS()], video: [codec.offered] },
  headerExtensions: { audio: [useSdesMid()], video: [useSdesMid(), useAbsSendTime()] },
  bundlePolicy: "max-bundle",
  iceServers: [],
});
peer.connectionStateChange.subscribe((state) => console.log(state));

async function publish() {
  const sound = `audiotestsrc is-live=true wave=sine freq=${values.tone} volume=0.4 ! audio/x-raw,rate=48000 ! opusenc ! rtpopuspay`;
  peer.addTransceiver(await made("audio", sound), { direction: "sendonly" });
  if (!values.video) return;
  const raw = `video/x-raw,format=I420,width=${WIDTH},height=${HEIGHT},framerate=15/1,colorimetry=bt601`;
  const picture = `videotestsrc is-live=true pattern=solid-color foreground-color=0xff0000ff ! ${raw} ! ${codec.encode}`;
  peer.addTransceiver(await made("video", picture), { direction: "sendonly" });
}

function receive() {
  const hear = "rtpopusdepay ! opusdec ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1";
  const see = `${codec.decode} ! videoconvert ! videoscale ! video/x-raw,format=I420,width=${WIDTH},height=${HEIGHT}`;
  const audio = peer.addTransceiver("audio", { direction: "recvonly" });
  audio.onTrack.subscribe((track) =>
    read(track, "media=audio,encoding-name=OPUS,clock-rate=48000", hear, record()),
  );
  if (!values.video) return;
  const video = peer.addTransceiver("video", { direction: "recvonly" });
  video.onTrack.subscribe(async (track) => {
    await read(track, `media=video,encoding-name=${values.codec},clock-rate=90000`, see, look());
    // The pipeline may begin to read after the first key frame, or in the middle of it.
    const asking = setInterval(() => {
      if (frames >= 10) clearInterval(asking);
      else if (track.ssrc !== undefined) void video.receiver.sendRtcpPLI(track.ssrc);
    }, 1_000);
  });
}

if (what === "publish") await publish();
else receive();
await peer.setLocalDescription(await peer.createOffer());
const answer = await fetch(url, {
  method: "POST",
  headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" },
  body: peer.localDescription.sdp,
});
const sdp = await answer.text();
if (!answer.ok) throw new Error(`${answer.status}: ${sdp}`);
const session = new URL(answer.headers.get("Location"), url);
process.on("SIGTERM", async () => {
  for (const child of children) child.kill("SIGKILL");
  await fetch(session, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } }).catch(() => undefined);
  process.exit(0);
});
await peer.setRemoteDescription({ type: "answer", sdp });
