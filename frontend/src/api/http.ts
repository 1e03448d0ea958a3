/** Talking to the hub: JSON in, JSON out, problems as errors that carry a code. */

/** A refusal by the hub (RFC 9457), or `network.unreachable` when it never answered. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Record<string, unknown>;

  constructor(status: number, code: string, params: Record<string, unknown> = {}) {
    super(code);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.params = params;
  }
}

type Listener = (error: ApiError) => void;
const listeners = new Set<Listener>();

/** Hear of every refusal; the session gate uses it to return to the login. */
export function onApiError(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function asError(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { code?: unknown; params?: unknown };
    if (typeof body.code === 'string') {
      return new ApiError(
        response.status,
        body.code,
        (body.params ?? {}) as Record<string, unknown>,
      );
    }
  } catch {
    // Not JSON: a proxy or a crash answered. The status alone then says what is known.
  }
  return new ApiError(response.status, `http.${response.status}`);
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, 'network.unreachable');
  }
  if (!response.ok) {
    const error = await asError(response);
    for (const listener of listeners) listener(error);
    throw error;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string): Promise<T> => send<T>('GET', path);
export const post = <T>(path: string, body: unknown = {}): Promise<T> =>
  send<T>('POST', path, body);
export const remove = (path: string): Promise<void> => send<void>('DELETE', path);
