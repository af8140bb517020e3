import { createServer, type Server } from 'node:http';

/** What `GET /health` answers. */
export interface Health {
  readonly status: 'ok';
  readonly revision: string;
}

/** Listens for health checks; every other request is 404, every other method 405. */
export function serveHealth(
  { host, port }: { readonly host: string; readonly port: number },
  health: () => Health,
  onFault: (error: Error) => void,
): Server {
  const server = createServer((request, response) => {
    const isHealth = request.url === '/health';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const status = isHealth ? (isRead ? 200 : 405) : 404;
    const body = status === 200 ? health() : { error: status };
    response.writeHead(status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status === 405 && { allow: 'GET, HEAD' }),
    });
    response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
  });
  server.requestTimeout = 5000;
  server.headersTimeout = 5000;
  server.on('error', onFault);
  return server.listen(port, host);
}
