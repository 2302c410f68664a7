// A browser as a phone: the protocol of docs/protocol.md and one RTCPeerConnection, nothing else.
(() => {
  const phone = {
    events: [], invites: [], ended: null, failed: null, players: {}, shown: {},
    // What it sends beside its voice, and what it wants to see of everybody: tracks and a size.
    camera: null, screen: false, watch: [], size: "large", copies: false,
  };
  window.phone = phone;
  const waiting = new Map();
  // By "user/track", the transceiver that receives it.
  const places = new Map();
  // The transceivers that send pictures, by track.
  const sends = new Map();
  // Who entered before there was a connection.
  const early = new Set();
  let socket, pc, call, lastId = 0, turn = Promise.resolve();

  phone.ask = (method, params) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      socket.send(JSON.stringify({ id: lastId, method, params }));
    });

  phone.start = async (url, app, user, sig) => {
    socket = new WebSocket(url);
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    await new Promise((open, fail) => Object.assign(socket, { onopen: open, onerror: fail }));
    await phone.ask("hello", { versions: [1], agent: "browser test" });
    await phone.ask("sign_in", {
      sdk_app_id: app, user_id: user, user_sig: sig, device_id: "browser",
    });
  };

  function receive(frame) {
    if (!frame.event) {
      const { resolve, reject } = waiting.get(frame.id);
      waiting.delete(frame.id);
      if (frame.error) reject(new Error(`${frame.error.code} ${frame.error.message}`));
      else resolve(frame.result);
      return;
    }
    const { event, params } = frame;
    if (event === "video_available") phone.shown[`${params.user}/${params.track}`] = params.available;
    if (event !== "volumes") phone.events.push(event);
    if (event === "invited") phone.invites.push(params.facts.call_id);
    if (event === "user_entered") inTurn(() => enter(params.user));
    if (event === "user_left" || event === "member_left") inTurn(() => leave(params.user));
    if (event === "ended") phone.ended = params.outcome;
    if (event === "media_failed") phone.failed = params.error.message;
    if (event === "volumes") phone.volumes = params.volumes;
  }

  // One negotiation at a time.
  function inTurn(work) {
    turn = turn.then(work);
    turn.catch((error) => { phone.failed = String(error); });
    return turn;
  }

  phone.call = async (callees) => {
    const result = await phone.ask("call", { callees, media_type: "audio" });
    return result.facts.call_id;
  };

  phone.connect = (callId) => inTurn(async () => {
    call = callId;
    pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    pc.ontrack = ({ track, transceiver, streams: [stream] }) => {
      if (track.kind === "video") {
        const video = Object.assign(document.createElement("video"), { muted: true });
        video.srcObject = new MediaStream([track]);
        video.play();
        for (const [key, place] of places) if (place === transceiver) phone.players[key] = video;
        return;
      }
      const audio = new Audio();
      audio.srcObject = stream;
      audio.play();
      phone.players[stream.id] = audio;
    };
    const mic = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    phone.mic = mic.getAudioTracks()[0];
    const voice = pc.addTransceiver(phone.mic, { direction: "sendonly", streams: [mic] });
    if (phone.copies) {
      // What stands first is sent: each packet with a copy of the frame before it (RFC 2198).
      const { codecs } = RTCRtpSender.getCapabilities("audio");
      const first = (it) => Number(it.mimeType !== "audio/red");
      voice.setCodecPreferences([...codecs].sort((one, other) => first(one) - first(other)));
    }
    if (phone.camera) await open("camera", await picture(), phone.camera);
    if (phone.screen) await open("screen", await picture());
    for (const user of early) for (const track of ["audio", ...phone.watch]) place(user, track);
    early.clear();
    await negotiate({});
  });

  // The fake camera draws another picture each frame.
  async function picture() {
    const video = { width: 640, height: 360, frameRate: 20 };
    return (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks()[0];
  }

  async function open(name, track, sendEncodings = []) {
    const streams = [new MediaStream([track])];
    const sender = pc.addTransceiver(track, { direction: "sendonly", streams, sendEncodings });
    if (phone.prefer) {
      const { codecs } = RTCRtpSender.getCapabilities("video");
      const first = (it) => Number(it.mimeType !== `video/${phone.prefer}`);
      sender.setCodecPreferences([...codecs].sort((one, other) => first(one) - first(other)));
    }
    sends.set(name, sender);
  }

  // A picture in the midst of the call.
  phone.open = (name) => inTurn(async () => {
    await open(name, await picture());
    await negotiate({});
  });

  // Wants to see one picture more.
  phone.look = (user, track) => inTurn(async () => {
    place(user, track);
    await negotiate({});
  });

  phone.mute = (track, muted) => phone.ask("set_video_mute", { call_id: call, track, muted });

  phone.resize = (user, size) => {
    phone.size = size;
    const views = [{ user, track: "camera", size }];
    return phone.ask("subscribe_video", { call_id: call, views });
  };

  phone.hangUp = () => inTurn(async () => {
    await phone.ask("hangup", { call_id: call });
    pc.close();
    pc = undefined;
    places.clear();
    sends.clear();
  });

  phone.connected = async () => {
    await phone.until(() => pc?.connectionState === "connected");
    await phone.ask("media_ready", { call_id: call });
  };

  async function negotiate(options) {
    await pc.setLocalDescription(await pc.createOffer(options));
    const subscribe = {};
    const { size } = phone;
    for (const [key, { mid }] of places) {
      const [user, track] = key.split("/");
      subscribe[mid] = track === "audio" ? { user, track } : { user, track, size };
    }
    const publish = {};
    for (const [track, { mid }] of sends) publish[mid] = track;
    let { sdp } = pc.localDescription;
    if (phone.withoutSsrc) sdp = sdp.replace(/a=ssrc.*\r\n/g, "");
    const answer = await phone.ask("connect_media", { call_id: call, sdp, subscribe, publish });
    phone.answer = answer.sdp;
    await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  }

  phone.restartIce = () => inTurn(() => negotiate({ iceRestart: true }));

  async function enter(user) {
    if (!pc) {
      early.add(user);
      return;
    }
    for (const track of ["audio", ...phone.watch]) place(user, track);
    await negotiate({});
  }

  function place(user, track) {
    const kind = track === "audio" ? "audio" : "video";
    const taken = new Set([...places.values(), ...sends.values()]);
    const isFree = (it) => it.direction === "inactive" && !taken.has(it) && it.receiver.track.kind === kind;
    const place = pc.getTransceivers().find(isFree) ?? pc.addTransceiver(kind);
    place.direction = "recvonly";
    places.set(`${user}/${track}`, place);
  }

  async function leave(user) {
    early.delete(user);
    const left = [...places].filter(([key]) => key.split("/")[0] === user);
    if (!left.length) return;
    for (const [key, place] of left) {
      place.direction = "inactive";
      places.delete(key);
    }
    await negotiate({});
  }

  phone.stats = async () => {
    const stats = { heard: {}, seen: {}, layers: {}, sections: pc.getTransceivers().length };
    const all = await pc.getStats();
    for (const it of all.values()) {
      if (it.type === "outbound-rtp" && it.kind === "audio") stats.sent = it.packetsSent;
      if (it.type === "outbound-rtp" && it.kind === "video") {
        const { framesEncoded, keyFramesEncoded, frameWidth, pliCount, nackCount, targetBitrate } = it;
        stats.layers[`${it.mid}${it.rid ?? ""}`] = {
          framesEncoded, keyFramesEncoded, frameWidth, pliCount, nackCount, targetBitrate,
          codec: all.get(it.codecId)?.mimeType,
        };
      }
      if (it.type === "candidate-pair" && it.nominated) stats.pair = it.id;
      if (it.type === "transport") stats.iceUfrag = it.iceLocalUsernameFragment;
      if (it.type === "transport") stats.dtls = it.dtlsState;
      if (it.type !== "inbound-rtp") continue;
      for (const [key, { mid }] of places) {
        if (mid !== it.mid) continue;
        const [user, track] = key.split("/");
        if (track !== "audio") {
          const { framesDecoded, keyFramesDecoded, frameWidth, ssrc, pliCount, nackCount, packetsLost } = it;
          const codec = all.get(it.codecId)?.mimeType;
          stats.seen[key] = {
            framesDecoded, keyFramesDecoded, frameWidth, ssrc, pliCount, nackCount, packetsLost, codec,
            freezes: it.freezeCount, dropped: it.framesDropped,
          };
          continue;
        }
        const { packetsReceived, totalAudioEnergy, ssrc } = it;
        stats.heard[user] = { packets: packetsReceived, energy: totalAudioEnergy, ssrc };
      }
    }
    return stats;
  };

  // Resolves once 100 more packets and some more sound came from `user`.
  phone.hears = async (user) => {
    let first;
    await phone.until(async () => {
      const now = (await phone.stats()).heard[user];
      first ??= now;
      return now && now.packets >= first.packets + 100 && now.energy > first.energy + 1e-5;
    });
    return (await phone.stats()).heard[user];
  };

  // Resolves once 20 more frames of `user` were decoded, of this width if one is given, and are
  // not merely black.
  phone.sees = async (user, track = "camera", width = undefined) => {
    const key = `${user}/${track}`;
    let first;
    await phone.until(async () => {
      const now = (await phone.stats()).seen[key];
      if (!now || (width && now.frameWidth !== width)) {
        first = undefined;
        return false;
      }
      first ??= now;
      return now.framesDecoded >= first.framesDecoded + 20 && brightness(phone.players[key]) > 20;
    });
    return (await phone.stats()).seen[key];
  };

  // Of the picture that is shown now, 0 to 255.
  function brightness(video) {
    if (!video?.videoWidth) return 0;
    const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 16, 16);
    const { data } = context.getImageData(0, 0, 16, 16);
    return data.reduce((sum, value, at) => sum + (at % 4 === 3 ? 0 : value), 0) / (16 * 16 * 3);
  }

  // The loudest frequency in what comes from `user`, in Hz, as often as asked.
  phone.listen = (user) => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 4096 });
    context.createMediaStreamSource(phone.players[user].srcObject).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    return () => {
      analyser.getFloatFrequencyData(bins);
      return (bins.indexOf(Math.max(...bins)) * context.sampleRate) / analyser.fftSize;
    };
  };

  phone.until = async (condition) => {
    const giveUp = Date.now() + 30000;
    while (!(await condition())) {
      if (phone.failed) throw new Error(phone.failed);
      if (Date.now() > giveUp) {
        throw new Error(`never: ${condition}; ${JSON.stringify(await phone.report())}`);
      }
      await new Promise((soon) => setTimeout(soon, 50));
    }
  };

  phone.report = async () => ({
    events: phone.events, state: pc?.connectionState, stats: pc && (await phone.stats()),
  });
})();
