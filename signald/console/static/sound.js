// An audible cue for those who want it: rising for up, falling for down, level for the rest, two short ones before a release.
const NOTES = { up: [523, 784], down: [523, 349], soon: [660, 660], halt: [220, 220] };
let context = null;

export function toggleSound(button) {
  if (context) { context.close(); context = null; } else { context = new AudioContext(); cue("soon"); }
  button.setAttribute("aria-pressed", String(context !== null));
  button.textContent = context ? "Sound on" : "Sound off";
}

export function cue(what) {
  if (!context) return;
  const volume = context.createGain();
  volume.connect(context.destination);
  volume.gain.value = 0.12;
  (NOTES[what] ?? [440, 440]).forEach((frequency, number) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(context.currentTime + number * 0.16);
    tone.stop(context.currentTime + number * 0.16 + 0.12);
  });
}
