import { generateKeyPairSync, sign } from "node:crypto";

/**
 * A certificate for `localhost` and 127.0.0.1 that vouches for itself, with its key, in PEM. Made
 * anew for each run, so that no private key lies in the repository.
 */
export function selfSigned(): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
  const commonName = sequence(set(sequence(oid("550403"), tlv(0x0c, Buffer.from("localhost")))));
  const toBeSigned = sequence(
    tlv(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    commonName,
    sequence(utcTime("200101000000Z"), utcTime("491231235959Z")),
    commonName,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(isAuthority(), alternativeNames())),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ecdsaWithSha256, bitString(signature));
  return {
    cert: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function isAuthority(): Buffer {
  const isTrue = tlv(0x01, Buffer.from([0xff]));
  return sequence(oid("551d13"), isTrue, tlv(0x04, sequence(isTrue)));
}

function alternativeNames(): Buffer {
  const names = sequence(
    tlv(0x82, Buffer.from("localhost")),
    tlv(0x87, Buffer.from([127, 0, 0, 1])),
  );
  return sequence(oid("551d11"), tlv(0x04, names));
}

function sequence(...parts: Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function set(part: Buffer): Buffer {
  return tlv(0x31, part);
}

function integer(value: number): Buffer {
  return tlv(0x02, Buffer.from([value]));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, "hex"));
}

function utcTime(time: string): Buffer {
  return tlv(0x17, Buffer.from(time));
}

function bitString(content: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), content]));
}

/** Tag, length, value: all there is in DER. */
function tlv(tag: number, value: Uint8Array): Buffer {
  const { length } = value;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
