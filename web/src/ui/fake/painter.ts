/** Paints somebody before a wall, or a page with a diagram, into a video element. */
export function paint(
  element: HTMLVideoElement,
  user: string,
  track: "camera" | "screen",
): () => void {
  if (typeof document === "undefined") return () => undefined;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = track === "camera" ? [960, 720] : [1280, 720];
  const context = canvas.getContext("2d");
  if (context === null) return () => undefined;
  const draw = track === "camera" ? person : page;
  const hue =
    Array.from(user, (char) => char.charCodeAt(0)).reduce((sum, it) => sum + it * 47, 0) % 360;
  draw(context, hue);
  const stream = canvas.captureStream(5);
  element.srcObject = stream;
  void element.play().catch(() => undefined);
  // A still picture has no frames of its own.
  const timer = setInterval(() => draw(context, hue), 250);
  return () => {
    clearInterval(timer);
    for (const it of stream.getTracks()) it.stop();
    element.srcObject = null;
  };
}

function person(context: CanvasRenderingContext2D, hue: number): void {
  const wall = context.createLinearGradient(0, 0, 960, 720);
  wall.addColorStop(0, `hsl(${hue} 26% 74%)`);
  wall.addColorStop(1, `hsl(${(hue + 30) % 360} 24% 52%)`);
  context.fillStyle = wall;
  context.fillRect(0, 0, 960, 720);
  const sun = context.createRadialGradient(760, 120, 10, 760, 120, 420);
  sun.addColorStop(0, "rgb(255 250 235 / 70%)");
  sun.addColorStop(1, "rgb(255 250 235 / 0%)");
  context.fillStyle = sun;
  context.fillRect(0, 0, 960, 720);
  context.save();
  context.translate(480, 720);
  context.scale(0.8, 0.8);
  context.translate(-480, -720);
  const fill = (colour: string, shape: () => void): void => {
    context.fillStyle = colour;
    context.beginPath();
    shape();
    context.fill();
  };
  const skin = `hsl(${18 + (hue % 18)} 42% ${52 + (hue % 5) * 5}%)`;
  const hair = `hsl(${hue % 40} 28% ${16 + (hue % 3) * 9}%)`;
  fill(`hsl(${(hue + 190) % 360} 34% 36%)`, () => {
    context.moveTo(150, 720);
    context.bezierCurveTo(170, 520, 330, 500, 480, 500);
    context.bezierCurveTo(630, 500, 790, 520, 810, 720);
  });
  fill(skin, () => context.roundRect(420, 430, 120, 130, 50));
  fill(hair, () => context.ellipse(480, 290, 172, 186, 0, 0, Math.PI * 2));
  fill(skin, () => context.ellipse(480, 325, 134, 162, 0, 0, Math.PI * 2));
  fill(hair, () => context.ellipse(470, 200, 140, 66, -0.12, 0, Math.PI * 2));
  fill("#2b2320", () => context.ellipse(428, 326, 11, 13, 0, 0, Math.PI * 2));
  fill("#2b2320", () => context.ellipse(532, 326, 11, 13, 0, 0, Math.PI * 2));
  context.strokeStyle = "rgb(90 40 30 / 80%)";
  context.lineWidth = 8;
  context.lineCap = "round";
  context.beginPath();
  context.arc(480, 385, 46, 0.35, Math.PI - 0.35);
  context.stroke();
  context.restore();
}

function page(context: CanvasRenderingContext2D): void {
  context.fillStyle = "#fbfcfb";
  context.fillRect(0, 0, 1280, 720);
  context.fillStyle = "#22302a";
  context.font = "600 46px system-ui, sans-serif";
  context.fillText("Calls per week", 80, 110);
  const heights = [120, 180, 160, 240, 290, 270, 360, 420];
  heights.forEach((height, n) => {
    context.fillStyle = n === heights.length - 1 ? "#10795a" : "#bfded2";
    context.beginPath();
    context.roundRect(80 + n * 142, 620 - height, 96, height, 10);
    context.fill();
  });
  context.fillStyle = "#dfe6e2";
  context.fillRect(80, 624, 1120, 3);
}
