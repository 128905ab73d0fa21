// cert-manager's controllers and its webhook, in one process: its own programs lie in modules that are not published.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"

	webhookconfig "github.com/cert-manager/cert-manager/internal/apis/config/webhook"
	"github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	"github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	ingresses "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	acmerequests "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	carequests "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	selfsignedrequests "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
)

// Those that the release enables for issuers of these kinds; the ones for Vault, Venafi and the Gateway API are left out.
var enabled = []string{
	issuers.ControllerName, clusterissuers.ControllerName, ingresses.ControllerName,
	acmeorders.ControllerName, acmechallenges.ControllerName,
	acmerequests.CRControllerName, approver.ControllerName, carequests.CRControllerName,
	selfsignedrequests.CRControllerName,
	trigger.ControllerName, issuing.ControllerName, keymanager.ControllerName,
	requestmanager.ControllerName, readiness.ControllerName, revisionmanager.ControllerName,
}

type arguments struct {
	kubeconfig, namespace, certificate, key, solver string
	port, health                                    int
}

func main() {
	var given arguments
	// Not the common set: a library has taken names of it.
	flags := flag.NewFlagSet("cert-manager", flag.ExitOnError)
	flags.StringVar(&given.kubeconfig, "kubeconfig", "", "of the cluster")
	flags.StringVar(&given.namespace, "cluster-resource-namespace", "cert-manager", "of the Secrets of cluster issuers")
	flags.StringVar(&given.solver, "acme-http01-solver-image", "", "of the pods that answer HTTP-01 challenges")
	flags.StringVar(&given.certificate, "tls-cert-file", "", "that the webhook shows")
	flags.StringVar(&given.key, "tls-private-key-file", "", "of that certificate")
	flags.IntVar(&given.port, "secure-port", 0, "of the webhook")
	flags.IntVar(&given.health, "healthz-port", 0, "of the webhook")
	logf.InitLogs()
	_ = flags.Parse(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	group, ctx := errgroup.WithContext(logf.NewContext(ctx, logf.Log, "cert-manager"))
	group.Go(func() error { return serve(ctx, given) })
	if err := control(ctx, group, given); err != nil {
		log.Fatal(err)
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// serve answers admission reviews, as cmd/webhook does.
func serve(ctx context.Context, given arguments) error {
	configuration, err := options.NewWebhookConfiguration()
	if err != nil {
		return err
	}
	configuration.KubeConfig = given.kubeconfig
	configuration.SecurePort, configuration.HealthzPort = int32(given.port), int32(given.health)
	configuration.MetricsListenAddress = "0"
	configuration.TLSConfig.Filesystem.CertFile = given.certificate
	configuration.TLSConfig.Filesystem.KeyFile = given.key
	server, err := webhook.NewCertManagerWebhookServer(logf.Log, webhookconfig.WebhookConfiguration(*configuration))
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// control runs the controllers until the context ends, as cmd/controller does with its defaults.
func control(ctx context.Context, group *errgroup.Group, given arguments) error {
	factory, err := controller.NewContextFactory(ctx, contextOptions(given))
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	known := controller.Known()
	for _, name := range enabled {
		made, err := known[name](factory)
		if err != nil {
			return err
		}
		group.Go(func() error { return made.Run(5, ctx) })
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	return nil
}

func contextOptions(given arguments) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig:         given.kubeconfig,
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions: controller.IssuerOptions{
			ClusterResourceNamespace:        given.namespace,
			ClusterIssuerAmbientCredentials: true,
		},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 given.solver,
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckRetryPeriod:             10 * time.Second,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
	}
}
