/** 手順 1-1②: the login password of the user whom the certificate names. */
import { z } from 'zod'
import { days } from '../clock.ts'
import { text } from './fields.ts'
import { certificateCountsUntil, type Facts } from './journey.ts'
import { authenticate } from './sign-in.ts'
import { defineSignInStep } from './step.ts'

const tooOld = { problem: { code: 'certificate-too-old' }, forget: 'certificate' } as const

const isFresh = (certificate: Facts['certificate'], now: number): boolean =>
  certificate !== undefined && now <= certificateCountsUntil(certificate)

export const certificatePassword = defineSignInStep({
  fields: z.object({ password: text(256) }).catch({ password: '' }),

  async page({ facts: { certificate }, institution, now }) {
    if (!isFresh(certificate, now)) return tooOld
    const endsAt = certificate?.endsAt ?? 0
    const noticeFrom = endsAt - days(institution.certificates?.noticeDays ?? 0)
    return { view: { certificateName: certificate?.name ?? '', endsSoon: now >= noticeFrom ? endsAt : null } }
  },

  async submit(context, { password }) {
    const { certificate } = context.facts
    if (!certificate) throw new Error('certificate-password is due only with a certificate')
    if (!isFresh(certificate, context.now)) return tooOld
    if (password === '') return { errors: [{ code: 'password-missing', field: 'password' }] }
    const outcome = await authenticate(context, {
      method: 'certificate',
      what: 'certificate-password',
      lockSubject: certificate.user,
      async ask() {
        const answer = await context.bank.signInWithCertificate({ user: certificate.user, password })
        // Whatever a bank answers, this certificate opens nobody else's accounts.
        if (answer.ok && answer.value.id !== certificate.user)
          throw new Error('the bank signed in somebody else than the certificate names')
        return answer
      },
      wrong: { code: 'password-wrong', field: 'password' },
    })
    const wrongMethod = 'problem' in outcome && outcome.problem.code === 'password-required'
    return wrongMethod ? { ...outcome, forget: 'certificate' } : outcome
  },
})
