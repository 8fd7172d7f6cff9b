import { status } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { RpcException } from '@nestjs/microservices'
import { InjectRepository } from '@nestjs/typeorm'
import { asService } from '@weir/audit'
import { catalogV1 } from '@weir/contracts'
import type { Repository } from 'typeorm'
import { toProto } from '../snapshot/to-proto.js'
import { Price } from './price.entity.js'

/** Gives metering the price that an attempt names, whatever has become of the model since. */
@Controller()
@catalogV1.PriceServiceControllerMethods()
export class PriceGrpc implements catalogV1.PriceServiceController {
  constructor(@InjectRepository(Price) private readonly prices: Repository<Price>) {}

  async getPrice({ id }: catalogV1.GetPriceRequest): Promise<catalogV1.GetPriceResponse> {
    const price = await asService('find-price', () => this.prices.findOneBy({ id }))
    if (!price) throw new RpcException({ code: status.NOT_FOUND, message: `There is no price ${id}.` })
    return { price: toProto.price(price) }
  }
}
