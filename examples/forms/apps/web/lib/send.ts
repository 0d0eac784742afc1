/** Sends a change to the API from the browser; returns what went wrong, if anything. */
export async function send(path: string, body?: unknown): Promise<string | undefined> {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    if (answer.ok) return undefined
    const { error } = (await answer.json()) as { error: string }
    return error
  } catch {
    return 'The service cannot be reached at the moment.'
  }
}
