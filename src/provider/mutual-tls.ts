/** How the engine learns of a fintech's certificate: to authenticate the fintech, and to bind its tokens (RFC 8705). */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { presentedCertificate } from '../certificate/presented.ts'
import { grantsResource } from './resource.ts'

type MutualTls = NonNullable<NonNullable<Configuration['features']>['mTLS']>

/** @param hasAuthorities whether there is any whose certificates count by their names */
export const mutualTlsOf = ({ hasAuthorities }: { readonly hasAuthorities: boolean }): MutualTls => ({
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: hasAuthorities,
  getCertificate: ({ req }) => presentedCertificate(req)?.certificate,
  certificateAuthorized: ({ req }) => presentedCertificate(req)?.verified !== undefined,
  certificateSubjectMatches,
})

/** @param property names what was registered: the subject as RFC 4514 writes it, or one of its other names */
function certificateSubjectMatches({ req }: KoaContextWithOIDC, property: string, expected: string): boolean {
  const { certificate, verified } = presentedCertificate(req) ?? {}
  if (!certificate || !verified) return false
  switch (property) {
    case 'tls_client_auth_subject_dn':
      return verified.subject === expected
    case 'tls_client_auth_san_dns':
      return namesOf(certificate.subjectAltName).includes(`DNS:${expected}`)
    case 'tls_client_auth_san_uri':
      return namesOf(certificate.subjectAltName).includes(`URI:${expected}`)
    default:
      return false
  }
}

/** Node writes a name with a comma or a quote in it as JSON, so that no name can pass for two. */
const namesOf = (names = ''): string[] => names.split(', ')

/** Where a fintech with a certificate calls; the same endpoints as those of the issuer (RFC 8705, section 5). */
export const aliasedEndpoints = {
  token_endpoint: '/token',
  pushed_authorization_request_endpoint: '/par',
  introspection_endpoint: '/introspect',
  revocation_endpoint: '/revoke',
} as const

export const endpointAliases = (origin: string): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(aliasedEndpoints).map(([name, path]) => [name, `${origin}${path}`])),
  // not the engine's, so it is mounted beside these
  grant_management_endpoint: grantsResource(origin),
})
