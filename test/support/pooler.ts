/** The PgBouncer of deploy/, run as it is: only ports, addresses, paths and the number of connections are replaced. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Issued } from './openssl.ts'
import { asNobody, freePort, postgresFolder, ready } from './postgres.ts'

export type Pooler = { readonly port: number; readonly stop: () => Promise<void> }

/** @param options.databaseUrl of a server that trusts 127.0.0.1, and that has no TLS */
export async function startPooler({
  databaseUrl,
  password,
  connections,
  tls,
}: {
  readonly databaseUrl: string
  /** that the pooler wants to hear */
  readonly password: string
  readonly connections: number
  readonly tls: Pick<Issued, 'certificate' | 'key'>
}): Promise<Pooler> {
  const { hostname, port: databasePort, pathname } = new URL(databaseUrl)
  const port = await freePort()
  const folder = postgresFolder()
  let text = readFileSync(join(import.meta.dirname, '../../deploy/pgbouncer.ini'), 'utf8')
  for (const [from, to] of [
    ['host=db.bank.example port=5432', `host=${hostname} port=${databasePort} dbname=${pathname.slice(1)}`],
    ['10.0.0.20', '127.0.0.1'],
    ['listen_port = 6432', `listen_port = ${port}\nunix_socket_dir =`],
    ['/etc/pgbouncer/tls', `${folder}/tls`],
    ['/etc/pgbouncer/userlist', `${folder}/userlist`],
    ['server_tls_sslmode = verify-full\nserver_tls_ca_file = /etc/pgbouncer/database-authorities.pem\n', ''],
    ['default_pool_size = 24', `default_pool_size = ${connections}`],
  ] as const) {
    if (!text.includes(from)) throw new Error(`deploy/pgbouncer.ini has no ${from}`)
    text = text.replaceAll(from, to)
  }
  writeFileSync(join(folder, 'pgbouncer.ini'), text)
  writeFileSync(join(folder, 'userlist.txt'), `"ninka" "${password}"\n`)
  copyFileSync(tls.certificate, join(folder, 'tls.crt'))
  copyFileSync(tls.key, join(folder, 'tls.key'))
  // Its user is another than ours, and the key is of this test alone.
  chmodSync(join(folder, 'tls.key'), 0o644)
  const [command, ...before] = [...asNobody(), '/usr/sbin/pgbouncer']
  const program = spawn(command ?? '', [...before, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' })
  const endWithUs = () => program.kill('SIGKILL')
  process.once('exit', endWithUs)
  await ready(`postgres://ninka:${password}@127.0.0.1:${port}/ninka?sslmode=no-verify`)
  return {
    port,
    async stop() {
      process.off('exit', endWithUs)
      const ended = once(program, 'exit')
      program.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
