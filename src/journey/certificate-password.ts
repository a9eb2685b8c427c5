/** 手順 1-1②: the login password of the user whom the certificate names. */
import { z } from 'zod'
import { text } from './fields.ts'
import { authenticate } from './sign-in.ts'
import { defineStep } from './step.ts'

export const certificatePassword = defineStep({
  fields: z.object({ password: text(256) }).catch({ password: '' }),

  async page({ facts }) {
    return { view: { certificateName: facts.certificate?.name ?? '' } }
  },

  async submit(context, { password }) {
    const { certificate } = context.facts
    if (!certificate) throw new Error('certificate-password is due only with a certificate')
    if (password === '') return { errors: [{ code: 'password-missing', field: 'password' }] }
    return authenticate(context, {
      method: 'certificate',
      lockSubject: certificate.user,
      ask: () => context.bank.signInWithCertificate({ certificateUser: certificate.user, password }),
      wrong: { code: 'password-wrong', field: 'password' },
      kept: {},
    })
  },
})
