import { join } from "node:path";
import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { type IGrantable, type IPrincipal, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

export interface WorkerFunctionProps {
  /** The folder under functions/; also the service name in the logs. */
  readonly name: string;
  readonly description: string;
  /** The folder that holds one bundle per function, written by scripts/build.ts. */
  readonly bundles: string;
  readonly timeout: Duration;
  readonly memorySizeMiB: number;
  readonly logRetentionDays: RetentionDays;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The one Lambda flavour of this stack. Its role starts with nothing but the right to write its own
 * logs; whatever else it may do is granted where the resource is.
 */
export class WorkerFunction extends Construct implements IGrantable {
  readonly function: LambdaFunction;
  readonly timeout: Duration;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: WorkerFunctionProps) {
    super(scope, id);
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    });
    const logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    logGroup.grantWrite(role);
    this.function = new LambdaFunction(this, "Resource", {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(props.bundles, props.name)),
      handler: "index.handler",
      role,
      logGroup,
      timeout: props.timeout,
      memorySize: props.memorySizeMiB,
      environment: { POWERTOOLS_SERVICE_NAME: props.name, ...props.environment },
    });
    this.timeout = props.timeout;
    this.grantPrincipal = role;
  }
}
