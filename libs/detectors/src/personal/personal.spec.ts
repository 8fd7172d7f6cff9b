import { describe, expect, it } from 'vitest'
import { compileDetectors, type DetectorName } from '../index.js'

const found = (detector: DetectorName, text: string): string[] =>
  compileDetectors([detector])
    .scan(text)
    .map(({ start, end }) => text.slice(start, end))

const there: readonly [DetectorName, string, string][] = [
  ['email', 'Write to ann.o-nym+1@mail.example.co.uk.', 'ann.o-nym+1@mail.example.co.uk'],
  ['email', '<jörg@bücher.example>', 'jörg@bücher.example'],
  ['email', '{"to":"a@b.io"}', 'a@b.io'],
  ['email', 'user=ann@mail.example&x=1', 'ann@mail.example'],
  ['phone', 'Call +49 (0)30 1234-5678!', '+49 (0)30 1234-5678'],
  ['phone', 'tel: (415) 555-2671', '(415) 555-2671'],
  ['phone', '415-555-2671 or so', '415-555-2671'],
  ['phone', '1.415.555.2671', '1.415.555.2671'],
  ['phone', 'in Paris 01 42 68 53 00', '01 42 68 53 00'],
  ['phone', '+14155552671', '+14155552671'],
  ['phone', 'my mobile is 612 345 678', '612 345 678'],
  ['phone', 'whatsapp (11) 98765-4321', '(11) 98765-4321'],
  ['payment_card', 'card 4111 1111 1111 1111 please', '4111 1111 1111 1111'],
  ['payment_card', '378282246310005,', '378282246310005'],
  ['payment_card', '3782 822463 10005', '3782 822463 10005'],
  ['payment_card', '5555-5555-5555-4444 12/28', '5555-5555-5555-4444'],
  ['payment_card', '4111 1111 1111 1111 12/28', '4111 1111 1111 1111'],
  ['iban', 'to DE89 3704 0044 0532 0130 00 today', 'DE89 3704 0044 0532 0130 00'],
  ['iban', 'gb82west12345698765432', 'gb82west12345698765432'],
  ['ip_address', 'from 192.168.10.254:8080', '192.168.10.254'],
  ['ip_address', 'at 2001:db8::8a2e:370:7334.', '2001:db8::8a2e:370:7334'],
  ['national_id', 'SSN 219-09-9998.', '219-09-9998'],
  ['national_id', 'social security number 219099998', '219099998'],
  ['national_id', 'his NINO is AB 12 34 56 C', 'AB 12 34 56 C'],
  ['national_id', 'NHS number 943 476 5919', '943 476 5919'],
  ['national_id', 'Steuer-ID: 86095742719', '86095742719'],
  ['national_id', 'NIR 2 55 08 14 168 025 38', '2 55 08 14 168 025 38'],
  ['national_id', 'DNI 12345678Z', '12345678Z'],
  ['national_id', 'NIE X1234567L', 'X1234567L'],
  ['national_id', 'cf RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
  ['national_id', 'Aadhaar 2341 2341 2346', '2341 2341 2346'],
  ['national_id', 'PAN ABCPE1234F', 'ABCPE1234F'],
  ['national_id', 'CPF 529.982.247-25', '529.982.247-25'],
  ['national_id', 'CNPJ 11.222.333/0001-81', '11.222.333/0001-81'],
  ['date_of_birth', 'born on 12 April 1990.', '12 April 1990'],
  ['date_of_birth', '{"dob": "1990-04-12"}', '1990-04-12'],
  ['date_of_birth', 'geboren am 12. April 1990', '12. April 1990'],
  ['date_of_birth', 'née le 3 février 1988', '3 février 1988'],
  ['date_of_birth', 'fecha de nacimiento: 03/02/1988', '03/02/1988'],
  ['postal_address', 'at 123 Main Street, Springfield, IL 62704.', '123 Main Street, Springfield, IL 62704'],
  ['postal_address', 'in der Hauptstraße 12, 10115 Berlin', 'Hauptstraße 12, 10115 Berlin'],
  ['postal_address', 'au 12 rue de la Paix, 75002 Paris', '12 rue de la Paix, 75002 Paris'],
  ['postal_address', 'en Calle de Alcalá 45, 28014 Madrid', 'Calle de Alcalá 45, 28014 Madrid'],
  ['postal_address', 'in Via Roma 10, 00184 Roma', 'Via Roma 10, 00184 Roma'],
  ['postal_address', '10 Downing Street, London SW1A 2AA', '10 Downing Street, London SW1A 2AA'],
  ['person_name', 'ask Dr. Okonkwo about it', 'Okonkwo'],
  ['person_name', 'my name is Xiomara Quispe', 'Xiomara Quispe'],
  ['person_name', 'we met Maria Garcia there', 'Maria Garcia'],
]

const not: readonly [DetectorName, string][] = [
  ['email', 'a@b and @home and user@'],
  ['email', 'icon@2x.png'],
  ['email', 'git@github.com:owner/name.git'],
  ['payment_card', 'the 4111 1111 1111 1112 has a wrong check digit'],
  ['payment_card', '0000000000000000'],
  ['payment_card', 'order 4111111111111111'],
  ['payment_card', '3.141592653589793'],
  ['iban', 'GB82 WEST 1234 5698 7654 33'],
  ['ip_address', '999.1.1.1'],
  ['ip_address', 'version 1.2.3.4'],
  ['ip_address', '1.2.3.4.5'],
  ['ip_address', '10:30:45 and std::cout << add::bad'],
  ['national_id', '000-12-3456 and 666-12-3456 and 900-12-3456'],
  ['national_id', 'DNI 12345678A'],
  ['national_id', '529.982.247-26'],
  ['national_id', '2024-01-15 10:30'],
  ['phone', '2024-01-15 10:30'],
  ['phone', 'order 1234567890'],
  ['phone', 'a price of 1,234,567.89'],
  ['phone', '+1 000 000 0000'],
  ['phone', 'DE89 3704 0044 0532 0130 00'],
  ['date_of_birth', 'the meeting is on 12 April 1990'],
  ['date_of_birth', 'born on 31/02/1990'],
  ['postal_address', 'the 12 best ways to Rome'],
  ['person_name', 'The Quick Brown Fox'],
  ['person_name', 'Paris in April'],
]

describe('personal data', () => {
  it.each(there)('finds %s in %j', (detector, text, value) => expect(found(detector, text)).toEqual([value]))

  it.each(not)('finds no %s in %j', (detector, text) => expect(found(detector, text)).toEqual([]))

  it('says which issuer, country or number it is', () => {
    const text = '4111 1111 1111 1111, +33 1 42 68 53 00, CPF 529.982.247-25, DE89370400440532013000'
    const kinds = compileDetectors(['payment_card', 'phone', 'national_id', 'iban'])
      .scan(text)
      .map(({ kind }) => kind)
    expect(kinds).toEqual(['visa', 'fr', 'br_cpf', 'de'])
  })

  it('looks only for the countries that are asked for', () => {
    const text = 'SSN 219-09-9998, CPF 529.982.247-25'
    const ids = compileDetectors([{ name: 'national_id', countries: ['BR'] }]).scan(text)
    expect(ids.map(({ kind }) => kind)).toEqual(['br_cpf'])
    const phones = compileDetectors([{ name: 'phone', countries: ['DE'] }]).scan(
      '415-555-2671 or 030 1234567',
    )
    expect(phones.map(({ kind }) => kind)).toEqual(['de'])
  })
})
