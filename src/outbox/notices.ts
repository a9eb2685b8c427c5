/** What the customer is told, handed to the bank's own mail system as finished text; it knows his address, we do not. */
import type { Clock } from '../clock.ts'
import { daysLeft } from '../consent/state.ts'
import type { Institution } from '../institution.ts'
import type { Client, Clients } from '../store/clients.ts'
import type { OutgoingNotice } from '../store/outbox.ts'
import { type Language, longDate } from '../web/language.ts'
import { call } from './call.ts'
import type { Hand } from './delivery.ts'
import { noticeWords } from './notice-words.ts'

/** The bank's mail system. */
export type MailSystem = {
  readonly url: string
  /** sent as a bearer token */
  readonly secret: string
}

type NoticeParts = {
  readonly mail: MailSystem | undefined
  readonly clients: Pick<Clients, 'find'>
  readonly institution: Institution
  readonly clock: Clock
}

export function handNotices({ mail, clients, institution, clock }: NoticeParts): Hand {
  return async ({ id, client, message }, stop) => {
    if (!mail || message.kind !== 'notice' || isTooLate(message, clock()))
      return { ok: true, value: 'unwanted' }
    const registered = await clients.find(client)
    const service = registered?.serviceName ?? client
    const { language, subject, text } = noticeText(message, { registered, institution, now: clock() })
    const called = await call({
      url: mail.url,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${mail.secret}` },
      body: JSON.stringify({
        id,
        customer: message.customer,
        language,
        type: message.type,
        subject,
        text,
        consentNumber: message.number,
        service,
        endsAt: new Date(message.endsAt).toISOString(),
      }),
      accepted: [200, 201, 202, 204],
      reach: 'configured',
      stop,
    })
    if (called.ok) return { ok: true, value: 'delivered' }
    const { problem } = called
    return { ok: false, problem, fault: /^status-4(00|09|13|15|22)$/.test(problem) ? 'message' : 'receiver' }
  }
}

/** What the customer reads when it is sent at that moment. */
export function noticeText(
  message: OutgoingNotice,
  {
    registered,
    institution,
    now,
  }: {
    readonly registered: Pick<Client, 'serviceName' | 'companyName'> | undefined
    readonly institution: Institution
    readonly now: number
  },
): { readonly language: Language; readonly subject: string; readonly text: string } {
  const language: Language = message.language === 'en' ? 'en' : 'ja'
  const words = noticeWords(language, institution, {
    service: registered ? `${registered.serviceName}（${registered.companyName}）` : message.client,
    number: message.number,
    end: longDate(message.endsAt, language),
    days: daysLeft(message.endsAt, now),
    type: message.type,
    reason: message.reason,
  })
  return { language, ...words }
}

/** Nobody needs to hear that something will end which has ended. */
const isTooLate = ({ type, endsAt }: OutgoingNotice, now: number): boolean =>
  type === 'ending' && now > endsAt
