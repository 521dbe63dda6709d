// HAPI's JPA server, FHIR R4, on loopback with an empty H2 database in memory.
//
// Arguments: the port. Prints "ready" once it answers; ends when it is told to.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.test.config.TestR4Config;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

class HapiServer {
    public static void main(String[] arguments) throws Exception {
        var beans = new AnnotationConfigApplicationContext(TestR4Config.class);
        // As a server in use is set up: what refers to something unknown is refused.
        beans.getBean(JpaStorageSettings.class).setEnforceReferentialIntegrityOnWrite(true);
        var rest = new RestfulServer(beans.getBean(FhirContext.class));
        rest.registerProviders(
                beans.getBean("myResourceProvidersR4", ResourceProviderFactory.class).createProviders());
        rest.registerProvider(beans.getBean("mySystemProviderR4", JpaSystemProvider.class));
        var context = new ServletContextHandler();
        context.addServlet(new ServletHolder(rest), "/fhir/*");
        var server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
        server.setHandler(context);
        server.start();
        System.out.println("ready");
        server.join();
    }
}
