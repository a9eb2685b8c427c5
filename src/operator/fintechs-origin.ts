/** What the doctor sees of the origin for fintechs' certificates: it must ask, let everybody through, and believe no header from outside. */
import { headerOf } from '../certificate/forwarded.ts'
import type { MutualTlsSettings } from '../settings.ts'
import { type Check, failure, ok, type Outcome } from './check.ts'
import { type Outside, tls, tlsCertificate } from './outside.ts'

/** None where no fintech can call with a certificate. */
export function fintechsOriginChecks(parts: Outside): readonly Check[] {
  const { mutualTls } = parts.settings
  if (!mutualTls) return []
  return [
    { name: 'fintechs origin', run: () => asksAndAnswers(parts, mutualTls) },
    { name: 'fintechs tls', run: () => tls(parts, mutualTls.url) },
    { name: 'fintechs tls name', run: () => tlsCertificate(parts, mutualTls.url) },
    { name: 'fintechs forged', run: () => forged(parts, mutualTls) },
  ]
}

const path = '/api/accounts'

async function asksAndAnswers({ probe }: Outside, { url }: MutualTlsSettings): Promise<Outcome> {
  if ((await probe.asksForCertificate(url)) === false) return failure('does not ask for a certificate')
  const { status } = await probe.get(url, path)
  return status === 401
    ? ok('asks, and answers without one')
    : failure(`answers ${status}: is the proxy listed, with its secret and the right Host?`)
}

/** What is no certificate at all is refused in the one header that would be believed, so a refusal says that it came through. */
async function forged({ probe }: Outside, { url, format }: MutualTlsSettings): Promise<Outcome> {
  const name = headerOf[format]
  const { status } = await probe.get(url, path, { [name]: 'forged' })
  return status === 401
    ? ok('forged headers do not get through')
    : failure(`${name} from outside is believed: the proxy must overwrite or remove it`)
}
