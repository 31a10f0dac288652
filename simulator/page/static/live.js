// Talking with the server: calls, uploads, and the stream of what happens.

/** GET, or POST when there is a body. Resolves to the answer; throws an Error with words for a person. */
export async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return answer(await reach(path, options));
}

/** Brings a file to the simulator, to be sent as its kind suggests: a photo, a video, music or a document. */
export async function upload(file) {
  const query = new URLSearchParams({ name: file.name, type: file.type });
  return answer(await reach(`/page/upload?${query}`, { method: "POST", body: file }));
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Error("The simulator cannot be reached. Is it still running?");
  }
}

async function answer(response) {
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(sentence(said.error ?? `the simulator answered ${response.status}`));
  return said;
}

const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** Opens the stream. `hear(event)` gets what happens, `state("on" | "off")` whether it is open. Returns a function that closes it. */
export function listen(people, hear, state) {
  const source = new EventSource(`/page/live?people=${people.join()}`);
  source.onopen = () => state("on");
  source.onmessage = (event) => hear(JSON.parse(event.data));
  source.onerror = () => state("off");
  return () => source.close();
}
