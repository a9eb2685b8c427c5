/** A good end: what was asked before is answered, connections end with their answer, and the wait for the slow has an end. */
import { Agent, createServer, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../src/log.ts'
import { followRequests, type Requests } from '../src/stopping.ts'

const log = createLog({ level: 'silent' })

describe('a listener that stops', () => {
  let server: Server
  let agent: Agent
  let requests: Requests
  let isWanted: boolean
  let waiting: ServerResponse[]
  let port: number
  beforeEach(async () => {
    waiting = []
    isWanted = true
    agent = new Agent({ keepAlive: true })
    server = createServer(({ url }, answer) => {
      if (url === '/slow') waiting.push(answer)
      else answer.end('at once')
    })
    const readiness = {
      open: () => undefined,
      close: () => {
        isWanted = false
      },
      ask: async () => 'ready' as const,
    }
    requests = followRequests({ servers: [server], readiness, log })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
  })

  const get = (path: string) =>
    new Promise<string>((done, fail) => {
      request({ host: '127.0.0.1', port, path, agent }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () => done(`${answer.statusCode} ${answer.headers.connection} ${text}`))
      })
        .on('error', fail)
        .end()
    })

  it('answers what was asked before, and ends no earlier', async () => {
    const slow = get('/slow')
    await expect.poll(() => waiting.length).toBe(1)
    let ended = false
    const end = requests.end(0).then(() => {
      ended = true
    })
    await wait(150)
    expect(ended).toBe(false)
    await expect(get('/')).rejects.toThrow('ECONNREFUSED')
    waiting[0]?.end('at last')
    expect(await slow).toBe('200 close at last')
    await end
  })

  it('serves on while balancers learn of it, and says that the connection ends', async () => {
    expect(await get('/')).toBe('200 keep-alive at once')
    expect(isWanted).toBe(true)
    const end = requests.end(200)
    expect(isWanted).toBe(false)
    expect(await get('/')).toBe('200 close at once')
    await end
    await expect(get('/')).rejects.toThrow('ECONNREFUSED')
  })
})
