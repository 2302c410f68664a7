/** Who is who in the gallery. */
export const PEOPLE: Readonly<Record<string, string>> = {
  alice: "Alice Chen",
  bob: "Bob Lindqvist",
  carol: "Carol Díaz",
  dave: "Dave",
  erin: "Erin O’Neill",
  frank: "王小明",
  grace: "Grace Hopper-Wilhelmina von Langenname",
  heidi: "Heidi",
  ivan: "Ivan",
  judy: "Judy",
  mallory: "Mallory",
  niaj: "Niaj",
  echo: "Echo",
};
