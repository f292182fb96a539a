// The limit that the framework sets: Nest 11 on Fastify with one route, which answers the raw server's body.
import 'reflect-metadata';
import { Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const answer = { data: 'x'.repeat(197) };

class AnswerController {
  get() {
    return answer;
  }
}
Controller()(AnswerController);
Get()(AnswerController.prototype, 'get', Object.getOwnPropertyDescriptor(AnswerController.prototype, 'get'));

const root = { module: AnswerController, controllers: [AnswerController] };
const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`ready ${await app.getUrl()}`);
