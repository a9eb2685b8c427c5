/** A way to a TCP server that can be cut and mended: what the network between a process and its database does. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Gate = {
  readonly port: number
  /** Breaks every connection, and takes no new one. */
  readonly cut: () => void
  readonly mend: () => void
  readonly close: () => Promise<void>
}

export async function openGate(to: { readonly host: string; readonly port: number }): Promise<Gate> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    if (isCut) return socket.resetAndDestroy()
    const onward = connect(to)
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        socket.destroy()
        onward.destroy()
      })
    }
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      const closed = new Promise((done) => server.close(done))
      breakAll()
      await closed
    },
  }
}
