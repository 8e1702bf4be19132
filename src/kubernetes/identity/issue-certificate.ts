import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_clientAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { ProvisionError } from '../../errors.ts';

/** A client certificate that is asked for. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
  readonly commonName: string;
  readonly organization: string | undefined;
  readonly validDays: number;
}

/** Signs bytes with the CA's key and SHA-256, in DER as certificates have it. */
export type Sign = (bytes: Uint8Array) => Promise<Uint8Array>;

const dayMs = 86_400_000;
/** Clocks differ: of hosts that were set up a moment ago more than of others. */
const earlierMs = 3_600_000;

const commonNameType = '2.5.4.3';
const organizationType = '2.5.4.10';
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const rsaWithSha256 = '1.2.840.113549.1.1.11';
const derNull = new Uint8Array([5, 0]).buffer;

/** A client certificate of the CA, PEM, no longer good than the CA's own. Throws CA_UNUSABLE, KEY_UNREADABLE. */
export async function issueCertificate(
  { publicKey, commonName, organization, validDays }: CertificateRequest,
  ca: string,
  sign: Sign,
  now = new Date(),
): Promise<string> {
  const authority = new X509Certificate(ca);
  const algorithm = algorithmOf(authority);
  const end = Math.min(now.getTime() + validDays * dayMs, Date.parse(authority.validTo));
  if (end <= now.getTime()) throw unusable(authority, `it was good until ${authority.validTo}`);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: newSerial(),
    signature: algorithm,
    issuer: AsnConvert.parse(authority.raw, Certificate).tbsCertificate.subject,
    validity: new Validity({ notBefore: new Date(now.getTime() - earlierMs), notAfter: new Date(end) }),
    subject: nameOf(commonName, organization),
    subjectPublicKeyInfo: AsnConvert.parse(readPublicKey(publicKey), SubjectPublicKeyInfo),
    extensions: new Extensions([
      extension(id_ce_basicConstraints, true, new BasicConstraints()),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_clientAuth])),
    ]),
  });
  const signed = await sign(new Uint8Array(AsnConvert.serialize(tbsCertificate)));
  const signatureValue = new Uint8Array(signed).buffer;
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue });
  const pem = new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
  if (!new X509Certificate(pem).verify(authority.publicKey))
    throw unusable(authority, 'what was signed with the key is not what the certificate vouches for');
  return pem;
}

function algorithmOf(authority: X509Certificate): AlgorithmIdentifier {
  const { asymmetricKeyType: type } = authority.publicKey;
  if (type === 'ec') return new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  if (type === 'rsa') return new AlgorithmIdentifier({ algorithm: rsaWithSha256, parameters: derNull });
  throw unusable(authority, `its key is of the type ${type}, not rsa or ec`);
}

/** Positive, and not guessable. */
function newSerial(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

const nameOf = (commonName: string, organization: string | undefined): Name =>
  new Name([
    ...(organization === undefined ? [] : [part(organizationType, organization)]),
    part(commonNameType, commonName),
  ]);

const part = (type: string, utf8String: string): RelativeDistinguishedName =>
  new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })]);

const extension = (extnID: string, critical: boolean, value: object): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

function readPublicKey(publicKey: string): Buffer {
  try {
    return createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw new ProvisionError({
      code: 'KEY_UNREADABLE',
      kind: 'operation',
      what: 'what the host told of its new key is no public key',
      why: publicKey.trim() || 'it told nothing',
      fix: 'See on the host whether ssh-keygen makes keys: ssh-keygen -t ecdsa -m PEM -f /tmp/test.',
      cause,
    });
  }
}

const unusable = (authority: X509Certificate, why: string): ProvisionError =>
  new ProvisionError({
    code: 'CA_UNUSABLE',
    kind: 'operation',
    what: `no certificate can be made with the CA ${authority.subject.replaceAll('\n', ', ')}`,
    why,
    fix: 'Name certificate and key of the CA that the API servers trust (--client-ca-file) in identity of the inventory.',
  });
